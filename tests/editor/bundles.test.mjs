/** The bundles of third-party modules that the pages load. */
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";
import { brotliDecompressSync } from "node:zlib";

const VENDOR = new URL("../../static/vendor/", import.meta.url);

test("what browsers get by Brotli is the bundle", () => {
  const names = readdirSync(VENDOR).filter((name) => name.endsWith(".js"));
  assert.ok(names.length >= 3);
  for (const name of names) {
    const packed = readFileSync(new URL(`${name}.br`, VENDOR));
    assert.ok(brotliDecompressSync(packed).equals(readFileSync(new URL(name, VENDOR))), name);
  }
  const prepared = readdirSync(VENDOR).filter((name) => name.endsWith(".br"));
  assert.deepEqual(
    prepared.map((name) => name.replace(/\.br$/, "")),
    names,
  );
});
