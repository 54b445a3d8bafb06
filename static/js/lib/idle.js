/** Work that can wait until the page has nothing else to do. */

/** Browsers without idle callbacks wait so long instead. */
const FALLBACK_MS = 2_000;

/**
 * Load modules that may be wanted later. A failure is reported when they are wanted.
 * @param {() => Promise<unknown>} load
 */
export function whenIdle(load) {
  const run = () => void load().catch(() => {});
  if ("requestIdleCallback" in globalThis) requestIdleCallback(run);
  else setTimeout(run, FALLBACK_MS);
}
