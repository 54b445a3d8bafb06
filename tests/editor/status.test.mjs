/** The text of the status chip and of the banner for each state of the connection. */
import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { noticeOf, statusOf } from "../../static/js/sync/status.js";
import { ANNOUNCE_PAUSE_MS, StatusAnnouncer } from "../../static/js/sync/status_announcer.js";
import { waitingNotice } from "../../static/js/sync/waiting_notice.js";

/** @typedef {import("../../static/js/sync/provider.js").ProviderState} ProviderState */

/** @type {ProviderState} */
const SYNCED = {
  connection: "connected",
  loaded: true,
  synced: true,
  unsaved: 0,
  kept: true,
  stored: true,
  writable: true,
  outdated: false,
  stopped: null,
  closeReason: "",
};

/** @type {[string, Partial<ProviderState>, boolean, string][]} */
const CASES = [
  ["all persisted", {}, true, "Saved"],
  ["something unsaved", { unsaved: 1 }, true, "Saving…"],
  ["opened, the text has not come", { synced: false, loaded: false }, true, "Loading…"],
  ["connected but not in sync", { synced: false }, true, "Reconnecting…"],
  ["away, nothing unsaved", { connection: "disconnected", synced: false }, true, "Reconnecting…"],
  ["no network", { connection: "disconnected", synced: false }, false, "Offline"],
  [
    "away, something unsaved",
    { connection: "connecting", synced: false, unsaved: 3 },
    true,
    "Offline, kept on this device",
  ],
  [
    "away, not on the device's disk yet",
    { connection: "connecting", synced: false, unsaved: 3, kept: false },
    true,
    "Offline: 3 changes only in this page",
  ],
  ["a viewer", { writable: false }, true, "Read-only"],
  [
    "access removed while typing",
    { stopped: { reason: "removed", message: "" }, unsaved: 1 },
    true,
    "Access removed: 1 change kept on this device",
  ],
];

for (const [name, change, online, text] of CASES) {
  test(`${name}: ${text}`, () => {
    assert.equal(statusOf({ ...SYNCED, ...change }, online).text, text);
  });
}

/** @type {ProviderState["stopped"]} */
const FULL = { reason: "refused", message: "The document is full" };
const AWAY = /** @type {const} */ ({ connection: "disconnected", synced: false });

/** @type {[string, Partial<ProviderState>, string][]} */
const NOTICES = [
  ["in sync", {}, ""],
  ["away without a reason", AWAY, ""],
  ["away with the server's reason", { ...AWAY, closeReason: "Busy." }, "Busy. Trying again…"],
  ["in sync again", { closeReason: "Busy." }, ""],
  ["stopped", { ...AWAY, stopped: FULL }, "The document is full."],
  [
    "stopped, with an older reason",
    { stopped: FULL, closeReason: "Busy." },
    "The document is full.",
  ],
  [
    "stopped with changes on the device",
    { stopped: FULL, unsaved: 2 },
    "The document is full. Your unsaved changes are kept on this device.",
  ],
  [
    "stopped with changes in memory",
    { stopped: FULL, unsaved: 2, kept: false },
    "The document is full. Your unsaved changes are in this page only: copy them before you close it.",
  ],
];

for (const [name, change, text] of NOTICES) {
  test(`banner, ${name}: ${text || "none"}`, () => {
    assert.equal(noticeOf({ ...SYNCED, ...change }), text);
  });
}

test("changes that the server does not take are explained", () => {
  const full = { message: "The document is full" };
  assert.equal(waitingNotice([], 0), "");
  assert.equal(
    waitingNotice([full], 0),
    "A change could not be stored. The document is full. The document goes on without it.",
  );
  assert.match(waitingNotice([full, full], 0), /^2 changes could not be stored\./);
  assert.equal(
    waitingNotice([full], 1),
    "You may only read this document now. 1 change of yours is not stored.",
  );
});

test("each change of state is announced once, Saved among them", () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  const announced = /** @type {string[]} */ ([]);
  const announcer = new StatusAnnouncer((text) => announced.push(text));
  /** @param {import("../../static/js/sync/status.js").Status["kind"]} kind @param {string} text */
  const lasts = (kind, text, ms = ANNOUNCE_PAUSE_MS) => {
    announcer.update({ kind, text, icon: "" });
    mock.timers.tick(ms);
  };
  lasts("waiting", "Loading…", 300);
  lasts("saved", "Saved");
  for (let letter = 0; letter < 20; letter += 1) {
    lasts("saving", "Saving…", 100);
    lasts("saved", "Saved");
  }
  assert.deepEqual(announced, []);
  lasts("waiting", "Reconnecting…", 300);
  for (let count = 1; count < 30; count += 1) lasts("offline", "Offline, kept on this device", 100);
  lasts("offline", "Offline, kept on this device");
  for (let count = 1; count < 30; count += 1) {
    lasts("offline", `Offline: ${count} changes only in this page`);
  }
  lasts("saving", "Saving…");
  lasts("saved", "Saved");
  lasts("readonly", "Read-only");
  assert.deepEqual(announced, [
    "Offline, kept on this device",
    "Offline: 1 changes only in this page",
    "Saved",
    "Read-only",
  ]);
  mock.timers.reset();
});
