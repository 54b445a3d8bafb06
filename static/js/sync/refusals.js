/** Codes of a rejection (docs/protocol.md), by what helps. Pure. */

/** The same content is accepted under a new client id. */
const CLIENT_CODES = new Set(["foreign_client", "content_conflict"]);
/** The rejection holds for the person, and not for the operation. */
const READ_ONLY_CODES = new Set(["forbidden", "quota_exceeded", "schema_older"]);

/**
 * Return whether the server refused the client id of an operation, and not its content.
 * @param {string} code
 */
export function isClientRefused(code) {
  return CLIENT_CODES.has(code);
}

/**
 * Return whether the person may not write now.
 * @param {string} code
 */
export function isPersonRefused(code) {
  return READ_ONLY_CODES.has(code);
}
