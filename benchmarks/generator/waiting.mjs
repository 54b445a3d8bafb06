// Time, and waiting with a deadline.
import { performance } from "node:perf_hooks";

export const now = () => performance.now();
export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Wait for a promise; fails after so many ms with what was waited for. */
export async function within(promise, ms, what) {
  let timer;
  const late = new Promise((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`waited ${ms} ms for ${what}`)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Wait until a test holds; returns whether it does. */
export async function until(test, ms, step = 5) {
  const end = now() + ms;
  while (now() < end) {
    if (test()) return true;
    await sleep(step);
  }
  return !!test();
}

/** Call a function so many times, each when it is due; catches up where the loop was late. */
export async function atRate(count, everyMs, call) {
  const begin = now();
  for (let done = 0; done < count; ) {
    const due = Math.min(count, Math.floor((now() - begin) / everyMs) + 1);
    for (; done < due; done++) call(done);
    if (done < count) await sleep(Math.max(1, Math.min(everyMs, begin + done * everyMs - now())));
  }
}
