/** The form that names a state: a state with a name is a version that retention does not delete. */
import { partsOf } from "../ui/template.js";
import { toastError } from "../ui/toast.js";
import { nameText } from "./history_text.js";

/** @typedef {import("../lib/api.js").Api} Api */
/** @typedef {import("./writing_sessions.js").NamedVersion} NamedVersion */

/** Names the state at the position, renames its version, or removes the name. */
export class VersionName {
  /** The named version at the position. @type {NamedVersion | null} */
  #version = null;
  #api;
  #path;
  #parts;
  #list;
  #position;

  /**
   * @param {Api} api
   * @param {string} path of the document
   * @param {ParentNode} root
   * @param {import("./session_list.js").SessionList} list
   * @param {() => {seq: number, isAtHead: boolean}} position
   */
  constructor(api, path, root, list, position) {
    this.#api = api;
    this.#path = path;
    this.#list = list;
    this.#position = position;
    this.#parts = partsOf(root, {
      nameForm: HTMLFormElement,
      name: HTMLInputElement,
      keep: HTMLButtonElement,
      unname: HTMLButtonElement,
      said: HTMLElement,
    });
    const { nameForm, name, unname } = this.#parts;
    nameForm.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#change(name.value);
    });
    unname.addEventListener("click", () => void this.#change(""));
  }

  /** @param {boolean} canWrite whether the form is there */
  setWritable(canWrite) {
    this.#parts.nameForm.hidden = !canWrite;
  }

  /** Show the name of the state at the position, or offer to name it. */
  refresh() {
    const { name, keep, unname } = this.#parts;
    const version = this.#list.versionAt(this.#position().seq);
    // While the version is the same one, what is being typed stays.
    if (version?.number !== this.#version?.number || version?.name !== this.#version?.name) {
      name.value = version?.name ?? "";
    }
    this.#version = version;
    keep.textContent = version ? "Rename" : "Name this version";
    unname.hidden = !version;
  }

  /** @param {string} name empty removes the name */
  async #change(name) {
    const version = this.#version;
    const { seq, isAtHead } = this.#position();
    // A name for the present includes what others write meanwhile: the server has the latest seq.
    const at = isAtHead ? {} : { seq };
    const path = `${this.#path}versions/${version ? `${version.number}/` : ""}`;
    const body = version ? { name } : { name, ...at };
    try {
      const changed = await this.#api.call(path, { method: version ? "PATCH" : "POST", body });
      await this.#list.putVersion(changed);
      this.#parts.said.textContent = nameText(changed);
      this.#parts.name.focus();
      this.refresh();
    } catch (error) {
      toastError(error);
    }
  }
}
