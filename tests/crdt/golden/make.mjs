// Regenerates the golden files of tests/crdt by Yjs itself: npm ci && node make.mjs
//
// Everything is fixed: client ids, the order of events, the seed of the random histories. So a
// second run writes the same bytes, and a difference means that the pinned versions changed.
import * as Y from "yjs";
import * as awarenessProtocol from "y-protocols/awareness";
import * as auth from "y-protocols/auth";
import * as sync from "y-protocols/sync";
import * as encoding from "lib0/encoding";
import { Schema } from "prosemirror-model";
import { prosemirrorJSONToYDoc, yDocToProsemirrorJSON } from "@tiptap/y-tiptap";
import { randomHistories } from "./random_histories.mjs";
import { b64, history, paragraph, save, writer } from "./recording.mjs";

const histories = [
  history("typing", "text", [1], (a) => {
    const text = a.getText("text");
    Array.from("Hello, world").forEach((letter, i) => text.insert(i, letter));
    text.delete(5, 7);
    text.insert(5, "!");
  }),
  history("concurrent typing", "text", [3_000_000_001, 17, 4_294_967_295], (a, b, c, meet) => {
    a.getText("text").insert(0, "shared ");
    meet();
    a.getText("text").insert(7, "one ");
    b.getText("text").insert(7, "two ");
    c.getText("text").delete(0, 3);
    meet();
    b.getText("text").insert(2, "middle");
    c.getText("text").delete(1, 4);
  }),
  history("surrogate pairs", "text", [11, 12], (a, b, meet) => {
    a.getText("text").insert(0, "a😀b👩‍👩‍👧‍👦cé漢字");
    meet();
    b.getText("text").insert(3, "🏳️‍🌈");
    a.getText("text").delete(1, 2);
    a.getText("text").insert(1, "𝒳");
  }),
  history("formatting", "delta", [21, 22], (a, b, meet) => {
    a.getText("text").insert(0, "bold and italic", { bold: true });
    a.getText("text").insertEmbed(4, { image: "https://example.org/ü.png", width: 12.5 });
    meet();
    b.getText("text").format(2, 5, { italic: true, link: { href: '"quoted" [x] {y}' } });
    a.getText("text").format(0, 4, { bold: null });
  }),
  history("map", "map", [31, 32], (a, b, meet) => {
    const map = a.getMap("map");
    map.set("values", [
      null,
      true,
      false,
      0,
      -1,
      63,
      64,
      -64,
      8191,
      2 ** 31 - 1,
      2 ** 40,
      -(2 ** 53 - 1),
      0.5,
      1e300,
      "text ☃",
      { deep: [{ er: [] }] },
    ]);
    map.set("key", "first");
    meet();
    map.set("key", "of a");
    b.getMap("map").set("key", "of b");
    b.getMap("map").set("inner", new Y.Map([["x", 1]]));
    meet();
    a.getMap("map").get("inner").set("y", 2);
    a.getMap("map").delete("values");
  }),
  history("array", "array", [41, 42], (a, b, meet) => {
    a.getArray("array").insert(0, [1, 2, 3, "four", { five: 5 }]);
    meet();
    a.getArray("array").delete(1, 2);
    b.getArray("array").insert(2, [new Y.Array(), "between"]);
    meet();
    b.getArray("array").get(1).push(["inside"]);
  }),
  history("xml", "xml", [51, 52], (a, b, meet) => {
    const root = a.getXmlFragment("default");
    root.insert(0, [paragraph("first"), paragraph("second")]);
    root.get(0).setAttribute("align", "left");
    meet();
    b.getXmlFragment("default").get(0).setAttribute("align", "right");
    a.getXmlFragment("default").get(0).setAttribute("indent", "one");
    b.getXmlFragment("default").insert(1, [paragraph("between")]);
    a.getXmlFragment("default").delete(1, 1);
  }),
  history("prosemirror", "xml", [61, 62], (a, b, meet) => {
    const root = a.getXmlFragment("default");
    const heading = new Y.XmlElement("heading");
    heading.setAttribute("level", 1);
    heading.insert(0, [new Y.XmlText("A title 😀")]);
    const item = new Y.XmlElement("listItem");
    item.insert(0, [paragraph("an item")]);
    const list = new Y.XmlElement("bulletList");
    list.insert(0, [item]);
    const empty = paragraph();
    root.insert(0, [
      heading,
      paragraph("before", new Y.XmlElement("hardBreak"), "after"),
      empty,
      list,
    ]);
    meet();
    b.getXmlFragment("default").get(1).get(0).format(0, 3, { bold: {} });
    a.getXmlFragment("default").get(1).get(0).insert(3, "XY", { italic: {} });
    meet();
    b.getXmlFragment("default")
      .get(3)
      .get(0)
      .insert(1, [paragraph("a second line")]);
  }),
];

save("histories", histories);
save("random", randomHistories());

// Single updates for special cases.
{
  const outbox = [];
  const doc = writer(71, outbox);
  Array.from("abcdef").forEach((letter, i) => doc.getText("text").insert(i, letter));
  const gap = Y.mergeUpdates([outbox[0], outbox[2], outbox[4], outbox[5]]);
  const subdocuments = [];
  writer(72, subdocuments)
    .getMap("map")
    .set("inside", new Y.Doc({ guid: "inner" }));
  const binary = [];
  writer(73, binary)
    .getMap("map")
    .set("bytes", new Uint8Array([1, 2, 3]));
  const any = [];
  writer(74, any)
    .getMap("map")
    .set("values", { u: undefined, n: 10n, b: new Uint8Array([9]), f: 0.1 });
  const deletes = [];
  const deleter = writer(75, deletes);
  outbox.forEach((update) => Y.applyUpdate(deleter, update, "remote"));
  deleter.getText("text").delete(1, 2);
  deleter.getText("text").delete(2, 1);
  save("updates", {
    gap: b64(gap),
    gap_parts: outbox.map(b64),
    subdocument: b64(subdocuments[0]),
    binary: b64(binary[0]),
    any: b64(any[0]),
    deletes: b64(deletes[0]),
    merged_deletes: b64(Y.mergeUpdates(deletes)),
    empty: b64(Y.encodeStateAsUpdate(new Y.Doc())),
  });
}

// Frames, as a stock client writes them.
{
  const frame = (type, write) => {
    const encoder = encoding.createEncoder();
    encoding.writeVarUint(encoder, type);
    write(encoder);
    return b64(encoding.toUint8Array(encoder));
  };
  const doc = new Y.Doc();
  doc.clientID = 81;
  doc.getText("text").insert(0, "framed 😀");
  const update = Y.encodeStateAsUpdate(doc);
  const awareness = new awarenessProtocol.Awareness(doc);
  awareness.setLocalState({ user: { name: "Ada ☃", color: "#c0ffee" }, cursor: null });
  const states = awarenessProtocol.encodeAwarenessUpdate(awareness, [81]);
  awarenessProtocol.removeAwarenessStates(awareness, [81], "test");
  const gone = awarenessProtocol.encodeAwarenessUpdate(awareness, [81]);
  awareness.destroy();
  const many = new Y.Doc();
  for (const client of [5, 4_294_967_295, 300, 70_000]) {
    const other = new Y.Doc();
    other.clientID = client;
    other.getArray("array").push([client, client]);
    Y.applyUpdate(many, Y.encodeStateAsUpdate(other));
  }
  const numbers = [0, 1, 127, 128, 16_383, 16_384, 2 ** 31, 2 ** 32, 2 ** 49, 2 ** 52, 2 ** 53 - 1];
  save("frames", {
    vector: b64(Y.encodeStateVector(doc)),
    update: b64(update),
    sync_step1: frame(0, (encoder) => sync.writeSyncStep1(encoder, doc)),
    sync_step2: frame(0, (encoder) => sync.writeSyncStep2(encoder, doc)),
    sync_update: frame(0, (encoder) => sync.writeUpdate(encoder, update)),
    awareness: frame(1, (encoder) => encoding.writeVarUint8Array(encoder, states)),
    awareness_gone: frame(1, (encoder) => encoding.writeVarUint8Array(encoder, gone)),
    permission_denied: frame(2, (encoder) => auth.writePermissionDenied(encoder, "not for you")),
    query_awareness: frame(3, () => {}),
    vectors: [b64(Y.encodeStateVector(new Y.Doc())), b64(Y.encodeStateVector(many))],
    vectors_decoded: [[], Array.from(Y.decodeStateVector(Y.encodeStateVector(many)))],
    numbers: numbers.map((number) => {
      const encoder = encoding.createEncoder();
      encoding.writeVarUint(encoder, number);
      return [number, b64(encoding.toUint8Array(encoder))];
    }),
  });
}

// Documents of ProseMirror, as y-prosemirror writes and reads them.
{
  const link = {
    href: "https://example.org/ü",
    target: "_blank",
    rel: "noopener",
    class: null,
    title: null,
  };
  const schema = new Schema({
    nodes: {
      doc: { content: "block+" },
      paragraph: { group: "block", content: "inline*" },
      heading: { group: "block", content: "inline*", attrs: { level: { default: 1 } } },
      bulletList: { group: "block", content: "listItem+" },
      listItem: { content: "paragraph block*" },
      orderedList: {
        group: "block",
        content: "listItem+",
        attrs: { start: { default: 1 }, type: { default: null } },
      },
      taskList: { group: "block", content: "taskItem+" },
      taskItem: { content: "paragraph block*", attrs: { checked: { default: false } } },
      blockquote: { group: "block", content: "block+" },
      codeBlock: {
        group: "block",
        content: "text*",
        marks: "",
        code: true,
        attrs: { language: { default: null } },
      },
      horizontalRule: { group: "block" },
      hardBreak: { group: "inline", inline: true },
      text: { group: "inline" },
    },
    marks: {
      link: {
        attrs: Object.fromEntries(Object.entries(link).map(([name]) => [name, { default: null }])),
      },
      bold: {},
      italic: {},
      strike: {},
      code: { excludes: "_" },
      comment: { excludes: "", attrs: { id: {} } },
    },
  });
  const text = (words, ...marks) => ({ type: "text", text: words, marks });
  const mark = (type, attrs = {}) => ({ type, attrs });
  const node = (type, ...content) => ({ type, content });
  const withAttrs = (type, attrs, ...content) => ({ type, attrs, content });
  const blocks = [
    withAttrs("heading", { level: 2 }, text("Hé😀 "), text("both", mark("bold"), mark("italic"))),
    node(
      "paragraph",
      text("a "),
      text("link", mark("link", link)),
      { type: "hardBreak" },
      text("b", mark("code")),
    ),
    node("bulletList", node("listItem", node("paragraph", text("one", mark("strike"))))),
    withAttrs(
      "orderedList",
      { start: 3, type: null },
      node("listItem", node("paragraph", text("three"))),
    ),
    node(
      "taskList",
      withAttrs("taskItem", { checked: true }, node("paragraph", text("done"))),
      withAttrs("taskItem", { checked: false }, node("paragraph")),
    ),
    node("blockquote", node("paragraph", text("said"))),
    withAttrs("codeBlock", { language: "js" }, text("a\n  b")),
    withAttrs("codeBlock", { language: null }, text("plain")),
    { type: "horizontalRule" },
    node("paragraph"),
  ];
  const overlapping = node(
    "paragraph",
    text("ab", mark("comment", { id: 1 })),
    text("cd", mark("comment", { id: 1 }), mark("comment", { id: 2 })),
  );
  const made = (...content) => {
    const doc = prosemirrorJSONToYDoc(schema, { type: "doc", content }, "default");
    const fixed = new Y.Doc();
    fixed.clientID = 91;
    fixed.getXmlFragment("default").insert(
      0,
      doc
        .getXmlFragment("default")
        .toArray()
        .map((item) => item.clone()),
    );
    return fixed;
  };
  const shown = (doc) => ({
    state: b64(Y.encodeStateAsUpdate(doc)),
    json: sortedMarks(yDocToProsemirrorJSON(doc, "default")),
  });
  /** Marks have no order in Yjs. */
  const sortedMarks = (value) => {
    if (Array.isArray(value)) return value.map(sortedMarks);
    if (!(value instanceof Object)) return value;
    const found = Object.fromEntries(
      Object.entries(value).map(([name, one]) => [name, sortedMarks(one)]),
    );
    if (found.marks) found.marks.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
    return found;
  };
  const edited = made(...blocks);
  edited.getXmlFragment("default").get(1).get(0).insert(1, "XY", { bold: {} });
  edited.getXmlFragment("default").get(0).get(0).delete(0, 3);
  edited.getXmlFragment("default").delete(3, 2);
  edited.getXmlFragment("default").get(0).setAttribute("level", 3);
  save("prosemirror", {
    page: shown(made(...blocks)),
    written: shown(made(...blocks, overlapping)),
    edited: shown(edited),
  });
}
