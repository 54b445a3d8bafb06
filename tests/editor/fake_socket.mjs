/** A fake socket for tests: it records the sent frames, and the test plays its server. */

export class FakeSocket extends EventTarget {
  static OPEN = 1;
  /** All sockets that were opened, the latest last. @type {FakeSocket[]} */
  static opened = [];
  readyState = 0;
  binaryType = "";
  /** @type {Uint8Array[]} */
  sent = [];
  /** @type {() => void} */
  onopen = () => {};
  /** @type {(event: {data: ArrayBuffer | string}) => void} */
  onmessage = () => {};
  /** @type {(event: {code: number, reason: string}) => void} */
  onclose = () => {};

  /**
   * @param {string} url
   * @param {string[]} protocols
   */
  constructor(url, protocols) {
    super();
    this.url = url;
    this.protocols = protocols;
    FakeSocket.opened.push(this);
  }

  /** The latest socket. */
  static get last() {
    const socket = FakeSocket.opened.at(-1);
    if (!socket) throw new Error("no socket was opened");
    return socket;
  }

  /** @param {Uint8Array} bytes */
  send(bytes) {
    this.sent.push(bytes);
  }

  close() {
    this.readyState = 3;
  }

  // --- the server's side -----------------------------------------------------------------------

  accept() {
    this.readyState = FakeSocket.OPEN;
    this.onopen();
  }

  /** @param {Uint8Array} frame */
  receive(frame) {
    this.onmessage({ data: /** @type {ArrayBuffer} */ (frame.slice().buffer) });
  }

  /**
   * @param {number} code
   * @param {string} [reason]
   */
  end(code, reason = "") {
    this.readyState = 3;
    this.onclose({ code, reason });
  }
}

/** Install it for a test file. */
export function installFakeSocket() {
  Object.assign(globalThis, { WebSocket: FakeSocket });
}

/** Run all pending promise callbacks. */
export async function settled() {
  for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
}
