/** The connection: tokens, retries, timeouts, and the effect of each close code. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import { SignedOutError } from "../../static/js/lib/api.js";
import { Connection, closeOutcome } from "../../static/js/sync/connection.js";
import {
  CLOSE,
  FRAME,
  SUBPROTOCOL,
  TOKEN_SUBPROTOCOL_PREFIX,
  encodeQueryAwareness,
} from "../../static/js/sync/wire.js";
import { FakeSocket, installFakeSocket, settled } from "./fake_socket.mjs";

installFakeSocket();

/** @typedef {import("../../static/js/sync/connection.js").Stop} Stop */

const HOUR_MS = 3_600_000;

/** Returns numbered tokens; a test sets `error` to refuse them. */
class NumberedTokens {
  count = 0;
  renewed = 0;
  /** @type {Error | null} */
  error = null;

  async current() {
    if (this.error) throw this.error;
    this.count += 1;
    return { access: `token-${this.count}`, expiresAt: Date.now() + HOUR_MS };
  }

  renew() {
    this.renewed += 1;
    return this.current();
  }
}

/** A connection with a record of its callbacks. */
function connection() {
  const tokens = new NumberedTokens();
  const calls = /** @type {string[]} */ ([]);
  const stops = /** @type {Stop[]} */ ([]);
  const made = new Connection("ws://server/ws/documents/d", tokens, {
    onStatus: () => calls.push(made.status),
    onOpen: () => calls.push("open"),
    onFrame: (frame) => {
      if (frame.kind === "unknown") throw new Error("no such frame");
      calls.push(frame.kind);
    },
    onClose: (reason) => calls.push(`close ${reason}`.trim()),
    onStop: (stop) => stops.push(stop),
    onSilence: () => calls.push("silence"),
  });
  return { connection: made, tokens, calls, stops };
}

beforeEach(() => {
  FakeSocket.opened = [];
  mock.timers.enable({ apis: ["setTimeout", "Date"] });
});

afterEach(() => {
  mock.timers.reset();
});

/** @type {[string, number, string, string | null][]} */
const REFUSALS = [
  ["removed", CLOSE.FORBIDDEN, "", "You no longer have access to this document."],
  ["removed", CLOSE.FORBIDDEN, "Ada removed you.", "Ada removed you."],
  ["gone", CLOSE.NOT_FOUND, " ", "This document is in the trash or no longer exists."],
  ["gone", CLOSE.NOT_FOUND, "It is in the trash.", "It is in the trash."],
  ["reload", CLOSE.OTHER_LINEAGE, "It was imported again.", "It was imported again."],
  ["refused", CLOSE.MALFORMED, "Frame 7 is unknown.", "Frame 7 is unknown."],
  ["refused", CLOSE.TOO_LARGE, "More than 12 MiB.", "More than 12 MiB."],
  ["quarantined", CLOSE.QUARANTINED, "An administrator is told.", "An administrator is told."],
];

for (const [reason, code, words, message] of REFUSALS) {
  test(`close code ${code} with “${words}” stops: ${message}`, () => {
    const stop = { reason, message };
    assert.deepEqual(closeOutcome(code, words), { stop, needsNewToken: false });
  });
}

for (const code of [CLOSE.TRY_AGAIN, CLOSE.GOING_DOWN, CLOSE.NOT_AUTHENTICATED, 1000, 1006]) {
  test(`close code ${code} leads to another try, with or without a reason`, () => {
    const needsNewToken = code === CLOSE.NOT_AUTHENTICATED;
    assert.deepEqual(closeOutcome(code, ""), { stop: null, needsNewToken });
    assert.deepEqual(closeOutcome(code, "The server restarts."), { stop: null, needsNewToken });
  });
}

test("the socket is opened with the token as a subprotocol, and its frames are passed on", async () => {
  const { connection: opened, calls } = connection();
  await opened.open();
  const socket = FakeSocket.last;
  assert.deepEqual(socket.protocols, [SUBPROTOCOL, `${TOKEN_SUBPROTOCOL_PREFIX}token-1`]);
  opened.send(new Uint8Array([1]));
  assert.equal(socket.sent.length, 0, "not before it is open");
  socket.accept();
  socket.receive(encodeQueryAwareness());
  assert.deepEqual(calls, ["connecting", "open", "query-awareness"]);
  assert.equal(opened.status, "connected");
});

test("a lost connection is opened again after a delay that grows and is reset once it works", async () => {
  const { connection: opened, calls } = connection();
  const delays = [];
  await opened.open();
  for (const most of [300, 600, 1200]) {
    FakeSocket.last.end(CLOSE.TRY_AGAIN, "Busy.");
    mock.timers.tick(most / 2 - 1);
    await settled();
    const before = FakeSocket.opened.length;
    mock.timers.tick(most / 2 + 1);
    await settled();
    delays.push(FakeSocket.opened.length - before);
  }
  assert.deepEqual(delays, [1, 1, 1]);
  assert.ok(calls.includes("close Busy."));
  FakeSocket.last.accept();
  opened.resetBackoff();
  FakeSocket.last.end(CLOSE.GOING_DOWN);
  mock.timers.tick(300);
  await settled();
  assert.equal(FakeSocket.opened.length, 5);
});

test("a token that the server refuses is renewed before the next try", async () => {
  const { connection: opened, tokens } = connection();
  await opened.open();
  FakeSocket.last.end(CLOSE.NOT_AUTHENTICATED);
  mock.timers.tick(300);
  await settled();
  assert.equal(tokens.renewed, 1);
  assert.ok(FakeSocket.last.protocols[1]?.endsWith("token-2"));
});

test("after a final close code there is no other try until resume", async () => {
  const { connection: opened, stops } = connection();
  await opened.open();
  FakeSocket.last.accept();
  FakeSocket.last.end(CLOSE.FORBIDDEN, "Ada removed you.");
  assert.deepEqual(stops, [{ reason: "removed", message: "Ada removed you." }]);
  opened.retryNow();
  mock.timers.tick(HOUR_MS);
  await settled();
  assert.equal(FakeSocket.opened.length, 1);
  opened.resume();
  await settled();
  assert.equal(FakeSocket.opened.length, 2);
});

test("stop closes the socket and makes no other try", async () => {
  const { connection: opened, stops, calls } = connection();
  await opened.open();
  FakeSocket.last.accept();
  opened.stop("refused", "Too large.");
  assert.equal(FakeSocket.last.readyState, 3);
  assert.deepEqual(stops, [{ reason: "refused", message: "Too large." }]);
  assert.equal(calls.at(-1), "close");
  mock.timers.tick(HOUR_MS);
  await settled();
  assert.equal(FakeSocket.opened.length, 1);
});

test("a silent server is probed, and the connection closed when it does not answer", async () => {
  const { connection: opened, calls } = connection();
  await opened.open();
  FakeSocket.last.accept();
  mock.timers.tick(20_000);
  assert.equal(calls.at(-1), "silence");
  FakeSocket.last.receive(encodeQueryAwareness());
  mock.timers.tick(10_000);
  assert.equal(opened.status, "connected", "the answer counts");
  mock.timers.tick(10_000);
  assert.equal(calls.at(-1), "silence");
  mock.timers.tick(10_000);
  assert.equal(opened.status, "disconnected");
  assert.equal(FakeSocket.last.readyState, 3);
});

test("a frame that cannot be handled ends the connection, which is opened again", async () => {
  const { connection: opened } = connection();
  const error = mock.method(console, "error", () => {});
  await opened.open();
  FakeSocket.last.accept();
  FakeSocket.last.receive(new Uint8Array([99]));
  assert.equal(opened.status, "disconnected");
  assert.equal(error.mock.callCount(), 1);
  error.mock.restore();
  mock.timers.tick(300);
  await settled();
  assert.equal(FakeSocket.opened.length, 2);
});

test("a token is renewed on the open connection before it expires", async () => {
  const { connection: opened, tokens } = connection();
  await opened.open();
  FakeSocket.last.accept();
  for (let minute = 0; minute < 59; minute += 0.25) {
    FakeSocket.last.receive(encodeQueryAwareness());
    mock.timers.tick(15_000);
  }
  await settled();
  assert.equal(tokens.renewed, 1);
  assert.equal(FakeSocket.opened.length, 1);
  assert.equal(FakeSocket.last.sent.at(-1)?.[0], FRAME.TOKEN);
});

test("a logged-out user gets a message, and no other try is made", async () => {
  const { connection: opened, tokens, stops } = connection();
  tokens.error = new SignedOutError("logged out");
  await opened.open();
  assert.equal(FakeSocket.opened.length, 0);
  assert.equal(stops[0]?.reason, "signed-out");
  assert.equal(opened.status, "disconnected");
});

test("a token that cannot be fetched now is requested again", async () => {
  const { connection: opened, tokens, stops } = connection();
  tokens.error = new Error("no network");
  await opened.open();
  tokens.error = null;
  mock.timers.tick(300);
  await settled();
  assert.equal(FakeSocket.opened.length, 1);
  assert.deepEqual(stops, []);
});

test("a closed connection stays closed after any event", async () => {
  const { connection: opened, calls } = connection();
  await opened.open();
  const socket = FakeSocket.last;
  socket.accept();
  opened.close();
  socket.end(1000);
  opened.retryNow();
  mock.timers.tick(HOUR_MS);
  await settled();
  assert.equal(FakeSocket.opened.length, 1);
  assert.equal(calls.at(-1), "close");
});

test("the closing of an abandoned socket does not end its successor", async () => {
  const { connection: opened } = connection();
  await opened.open();
  const first = FakeSocket.last;
  first.accept();
  opened.abandon();
  opened.retryNow();
  await settled();
  FakeSocket.last.accept();
  first.end(1000);
  assert.equal(opened.status, "connected");
  assert.equal(FakeSocket.opened.length, 2);
});
