/** A page that had lost its document opens it again when it is given back. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { comeBack } from "../../static/js/sync/comeback.js";

/** A stopped page; `tick` is the passing of one interval. @param {string | null} reason */
function stopped(reason) {
  const page = {
    resumed: 0,
    asked: 0,
    isVisible: true,
    /** @type {() => Promise<{trashed_at: string | null}>} */
    read: async () => ({ trashed_at: null }),
    tick: /** @type {() => unknown} */ (() => {}),
  };
  const provider = /** @type {any} */ ({
    state: { stopped: reason && { reason } },
    resume: () => {
      page.resumed += 1;
    },
  });
  const read = () => {
    page.asked += 1;
    return page.read();
  };
  const setInterval = /** @type {any} */ (
    (/** @type {() => unknown} */ action) => {
      page.tick = action;
    }
  );
  comeBack(provider, read, { setInterval, isVisible: () => page.isVisible });
  return page;
}

for (const reason of ["gone", "removed"]) {
  test(`a page that is stopped (${reason}) resumes once the document can be read`, async () => {
    const page = stopped(reason);
    page.read = () => Promise.reject(new Error("404"));
    await page.tick();
    assert.equal(page.resumed, 0);
    page.read = async () => ({ trashed_at: "2026-11-30T00:00:00Z" });
    await page.tick();
    assert.equal(page.resumed, 0);
    page.read = async () => ({ trashed_at: null });
    await page.tick();
    assert.equal(page.resumed, 1);
  });
}

for (const reason of [null, "signed-out", "refused", "reload"]) {
  test(`a page that is stopped by ${reason} asks for nothing`, async () => {
    const page = stopped(reason);
    await page.tick();
    assert.deepEqual([page.asked, page.resumed], [0, 0]);
  });
}

test("a hidden page, and one that is asking, ask for nothing", async () => {
  const page = stopped("gone");
  page.isVisible = false;
  await page.tick();
  assert.equal(page.asked, 0);
  page.isVisible = true;
  page.read = () => new Promise(() => {});
  void page.tick();
  await page.tick();
  assert.equal(page.asked, 1);
});
