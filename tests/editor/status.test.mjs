/** The chip never claims more than is true. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { statusOf } from "../../static/js/sync/status.js";

/** @typedef {import("../../static/js/sync/provider.js").ProviderState} ProviderState */

/** @type {ProviderState} */
const SYNCED = {
  connection: "connected",
  loaded: true,
  synced: true,
  unsaved: 0,
  kept: true,
  writable: true,
  stopped: null,
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
    "Offline: 3 changes kept on this device",
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
