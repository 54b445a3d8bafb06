/**
 * Client of the REST interface: JSON with a short-lived JWT, which is renewed when needed.
 *
 * The token comes from the login session (cookie and CSRF) and lives in memory only.
 */

const ROOT = "/api/v1/";
/** A token that expires within this time is renewed before it is used. */
const MIN_TOKEN_LIFETIME_MS = 30_000;

/** The login session has ended, or another person has logged in meanwhile. */
export class SignedOutError extends Error {}

/** An error response of the server; `status` 0: there was no response. */
export class ApiError extends Error {
  /**
   * @param {number} status
   * @param {string} code
   * @param {string} detail
   * @param {Record<string, unknown>} extra
   */
  constructor(status, code, detail, extra = {}) {
    super(detail);
    this.status = status;
    this.code = code;
    this.extra = extra;
  }
}

/** @typedef {{id: string, username: string, name: string}} Person */

/** @typedef {{access: string, expiresAt: number}} Token `expiresAt` in ms since the epoch */

/** The client of one person's page. */
export class Api {
  /** @type {Token | null} */
  #token = null;
  /** @type {Promise<Token> | null} */
  #renewing = null;
  #userId;

  /** @param {string} userId the person at this page */
  constructor(userId) {
    this.#userId = userId;
  }

  /**
   * Return an access token that is valid for a while.
   * @returns {Promise<Token>}
   */
  async current() {
    if (this.#token && this.#token.expiresAt - Date.now() > MIN_TOKEN_LIFETIME_MS)
      return this.#token;
    return this.renew();
  }

  /**
   * Get a new access token. Throws `SignedOutError` when the session is over.
   * @returns {Promise<Token>}
   */
  renew() {
    this.#renewing ??= this.#fetchToken().finally(() => {
      this.#renewing = null;
    });
    return this.#renewing;
  }

  /**
   * Call the interface; return the response's JSON, or null without one. Throws `ApiError`.
   * A form is sent as it is, with its files, any other body as JSON.
   * @param {string} path under `/api/v1/`
   * @param {{method?: string, body?: unknown, signal?: AbortSignal}} [options]
   * @returns {Promise<any>}
   */
  async call(path, options = {}) {
    const response = await this.#answer(path, options);
    return response.status === 204 ? null : response.json();
  }

  /**
   * Get bytes, such as a Yjs update. Throws `ApiError`.
   * @param {string} path under `/api/v1/`
   */
  async bytes(path) {
    const response = await this.#answer(path, {});
    return new Uint8Array(await response.arrayBuffer());
  }

  /**
   * @param {string} path
   * @param {{method?: string, body?: unknown, signal?: AbortSignal}} options
   */
  async #answer(path, options) {
    let response = await this.#send(path, options, await this.current());
    if (response.status === 401) response = await this.#send(path, options, await this.renew());
    if (!response.ok) throw await errorOf(response);
    return response;
  }

  /**
   * @param {string} path
   * @param {{method?: string, body?: unknown, signal?: AbortSignal}} options
   * @param {Token} token
   */
  #send(path, { method = "GET", body, signal }, token) {
    /** @type {Record<string, string>} */
    const headers = { Accept: "application/json", Authorization: `Bearer ${token.access}` };
    const isForm = body instanceof FormData;
    if (body !== undefined && !isForm) headers["Content-Type"] = "application/json";
    return request(ROOT + path, {
      method,
      headers,
      body: body === undefined ? null : isForm ? body : JSON.stringify(body),
      signal: signal ?? null,
      credentials: "omit",
    });
  }

  /** @returns {Promise<Token>} */
  async #fetchToken() {
    const response = await request(`${ROOT}auth/token/session/`, {
      method: "POST",
      headers: { Accept: "application/json", "X-CSRFToken": cookie("csrftoken") },
      credentials: "same-origin",
    });
    if (response.status === 401 || response.status === 403) throw new SignedOutError("logged out");
    if (!response.ok) throw await errorOf(response);
    const { access, expires_in: expiresInS } = await response.json();
    if (subjectOf(access) !== this.#userId) throw new SignedOutError("another person logged in");
    this.#token = { access, expiresAt: Date.now() + expiresInS * 1000 };
    return this.#token;
  }
}

/**
 * Fetch; a missing response is an `ApiError`, too.
 * @param {string} url
 * @param {RequestInit} init
 */
async function request(url, init) {
  try {
    return await fetch(url, init);
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new ApiError(0, "unreachable", "The server cannot be reached. Try again in a moment.");
  }
}

/** @param {Response} response */
async function errorOf(response) {
  const body = await response.json().catch(() => null);
  const detail = body?.detail ?? `The server answered ${response.status}. Try again in a moment.`;
  return new ApiError(response.status, body?.code ?? "error", detail, body?.extra);
}

/**
 * Return the user id of a token. It is compared only, never trusted.
 * @param {string} access
 */
function subjectOf(access) {
  const payload = (access.split(".")[1] ?? "").replaceAll("-", "+").replaceAll("_", "/");
  return String(JSON.parse(atob(payload)).user_id);
}

/** @param {string} name */
function cookie(name) {
  const prefix = `${name}=`;
  const found = document.cookie.split("; ").find((part) => part.startsWith(prefix));
  return decodeURIComponent(found?.slice(prefix.length) ?? "");
}
