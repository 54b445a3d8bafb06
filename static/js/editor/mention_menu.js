/** The people and documents behind `@`: those that the server finds for this person. */

/** @typedef {import("./suggestion_popup.js").Source} Source */
/** @typedef {import("./suggestion_popup.js").Suggestion} Suggestion */

/** The server finds nobody by fewer letters. */
const MIN_QUERY_CHARS = 2;
/** A search starts after a pause of this length in typing. */
const SEARCH_PAUSE_MS = 150;
const MAX_PEOPLE = 5;
const MAX_DOCUMENTS = 5;

/**
 * Return the suggestions behind `@`.
 * @param {import("../lib/api.js").Api} api
 * @returns {Source}
 */
export function mentionMenu(api) {
  let latest = "";
  return {
    sign: "@",
    name: "People and documents",
    find: async (query) => {
      latest = query;
      if (query.trim().length < MIN_QUERY_CHARS) return [];
      await new Promise((resolve) => setTimeout(resolve, SEARCH_PAUSE_MS));
      if (latest !== query) return [];
      const search = `search=${encodeURIComponent(query.trim())}`;
      const [people, documents] = await Promise.all([
        api.call(`users/?${search}`),
        api.call(`documents/?${search}&page_size=${MAX_DOCUMENTS}`),
      ]);
      return suggestionsOf(people.results, documents.results);
    },
  };
}

/**
 * @param {import("../lib/api.js").Person[]} people
 * @param {{id: string, title: string}[]} documents
 * @returns {Suggestion[]}
 */
function suggestionsOf(people, documents) {
  return [
    ...people.slice(0, MAX_PEOPLE).map(({ id, name, username }) => ({
      label: name || username,
      icon: "user-plus",
      hint: `@${username}`,
      run: mentioning("person", String(id), name || username),
    })),
    ...documents.slice(0, MAX_DOCUMENTS).map(({ id, title }) => ({
      label: title || "Untitled",
      icon: "file-text",
      run: mentioning("document", id, title || "Untitled"),
    })),
  ];
}

/**
 * Return what inserts a mention, with a space behind it, in the place of what was typed.
 * @param {string} kind
 * @param {string} id
 * @param {string} label
 * @returns {Suggestion["run"]}
 */
function mentioning(kind, id, label) {
  return (editor, range) => {
    const mention = { type: "mention", attrs: { kind, id, label } };
    editor
      .chain()
      .focus()
      .insertContentAt(range, [mention, { type: "text", text: " " }])
      .run();
  };
}
