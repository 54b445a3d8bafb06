/** The writing sessions of a document that are loaded, the latest first, and look-ups in them. Pure. */
import { counted, restoreText } from "../lib/activity_text.js";

/** @typedef {{id: number | null, username: string | null, name: string | null}} Actor */

/** A version with a name. @typedef {{number: number, seq: number, name: string, created_at: string}} NamedVersion */

/**
 * A row of `documents/{id}/writing-sessions/`.
 * @typedef {object} WritingSession
 * @property {number} first_seq
 * @property {number} last_seq
 * @property {number} operations
 * @property {string} began_at
 * @property {string} last_at
 * @property {boolean} ongoing
 * @property {Actor[]} authors
 * @property {{added: number, removed: number} | null} letters how many characters; null: not counted
 * @property {NamedVersion[]} versions
 * @property {{operation_seq: number, seq: number, number: number | null, part: boolean, at: string, actor: Actor}[]} restores
 */

/** The name for an account that no longer exists. */
const NO_NAME = "Someone";

/** Sessions that are loaded. */
export class WritingSessions {
  /** The latest first. @type {WritingSession[]} */
  rows = [];

  /**
   * Add the next page, of older sessions.
   * @param {WritingSession[]} page
   */
  add(page) {
    this.rows.push(...page);
  }

  /**
   * Put a new first page in place of the sessions that it covers: the document has grown.
   * @param {WritingSession[]} page
   */
  replaceLatest(page) {
    copyCounts(this.rows, page);
    const oldest = page.at(-1)?.first_seq ?? 0;
    this.rows = [...page, ...this.rows.filter(({ last_seq: last }) => last < oldest)];
  }

  /**
   * Add the character counts of the same sessions, which come later than the sessions.
   * @param {WritingSession[]} counted
   */
  addCounts(counted) {
    copyCounts(counted, this.rows);
  }

  /**
   * Return the end of the latest session that ends before a position, null if none is loaded.
   * @param {number} seq
   */
  endBefore(seq) {
    return this.rows.find(({ last_seq: last }) => last < seq)?.last_seq ?? null;
  }

  /**
   * Return the end of the earliest session that ends after a position, null after the last one.
   * @param {number} seq
   */
  endAfter(seq) {
    return this.rows.findLast(({ last_seq: last }) => last > seq)?.last_seq ?? null;
  }

  /**
   * Return the position before the session of an operation; before the operation alone if its
   * session is not loaded.
   * @param {number} seq
   */
  startOf(seq) {
    const isIn = (/** @type {WritingSession} */ { first_seq: first, last_seq: last }) =>
      first <= seq && seq <= last;
    return Math.max(0, (this.rows.find(isIn)?.first_seq ?? seq) - 1);
  }

  /**
   * Return the named version of a state, the latest of several.
   * @param {number} seq
   */
  versionAt(seq) {
    const versions = this.rows.flatMap((session) => session.versions);
    return versions.find((version) => version.seq === seq) ?? null;
  }

  /**
   * Add a version that has got a name, or another one; remove one that has lost it. Return false if
   * its session is not loaded.
   * @param {NamedVersion & {automatic: boolean}} version
   */
  putVersion(version) {
    const session = this.rows.findLast(({ last_seq: last }) => version.seq <= last);
    if (!session) return false;
    const others = session.versions.filter(({ number }) => number !== version.number);
    const versions = version.automatic ? others : [...others, version];
    session.versions = versions.sort((a, b) => b.seq - a.seq || b.number - a.number);
    return true;
  }

  /**
   * Return the authors of sessions that end after a position, without deleted accounts.
   * @param {number} seq
   */
  authorsSince(seq) {
    /** @type {Map<number, {id: number, name: string}>} */
    const found = new Map();
    for (const { last_seq: last, authors } of this.rows) {
      if (last <= seq) continue;
      for (const { id, name } of authors) {
        if (id !== null) found.set(id, { id, name: name ?? NO_NAME });
      }
    }
    return [...found.values()];
  }

  /**
   * Return a person's display name, or the username while no session of theirs is loaded.
   * @param {string} username
   */
  nameOf(username) {
    for (const { authors } of this.rows) {
      const author = authors.find((candidate) => candidate.username === username);
      if (author?.name) return author.name;
    }
    return username || NO_NAME;
  }
}

/**
 * @param {WritingSession[]} from
 * @param {WritingSession[]} to
 */
function copyCounts(from, to) {
  const known = new Map(from.map((session) => [keyOf(session), session.letters]));
  for (const session of to) session.letters ??= known.get(keyOf(session)) ?? null;
}

/** @param {WritingSession} session */
function keyOf({ first_seq: first, last_seq: last }) {
  return `${first}-${last}`;
}

/**
 * Return the names of a session's authors.
 * @param {Actor[]} authors
 */
export function authorNames(authors) {
  return authors.map(({ name }) => name ?? NO_NAME).join(", ");
}

/**
 * Return the named versions and the restores of a session, the latest first.
 * @param {WritingSession} session
 */
export function marksOf({ versions, restores }) {
  return [
    ...versions.map(({ number, seq, name }) => ({
      seq,
      icon: "bookmark",
      text: name || `Version ${number}`,
    })),
    ...restores.map(({ operation_seq: seq, actor, ...detail }) => ({
      seq,
      icon: "rotate-ccw",
      text: `${actor.name ?? NO_NAME} ${restoreText(detail)}`,
    })),
  ].sort((a, b) => b.seq - a.seq);
}

/**
 * Return how many characters a session added and removed: as signs, and as words for a screen
 * reader.
 * @param {{added: number, removed: number}} counts
 */
export function countsText({ added, removed }) {
  return {
    signs: `+${added.toLocaleString("en")} −${removed.toLocaleString("en")}`,
    words: `${counted(added, "character")} added, ${removed.toLocaleString("en")} removed`,
  };
}
