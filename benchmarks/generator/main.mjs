#!/usr/bin/env node
// The load generator: `node main.mjs '{…}'` measures one scenario of one server, and prints a line of
// JSON for each case: {case, metrics}. The words are those of `benchmarks/live.py`.
import { Run } from "./run.mjs";
import { s13 } from "./scenarios_abuse.mjs";
import { s14 } from "./scenarios_capacity.mjs";
import { s10, s4, s5, s6, s8 } from "./scenarios_opening.mjs";
import { s7 } from "./scenarios_batches.mjs";
import { g1, g2, g3, g4, s1, s11, s2, s3, s9 } from "./scenarios_typing.mjs";
import { within } from "./waiting.mjs";

const SCENARIOS = {
  S1: s1,
  S2: s2,
  S3: s3,
  S4: s4,
  S5: s5,
  S6: s6,
  S7: s7,
  S8: s8,
  S9: s9,
  S10: s10,
  S11: s11,
  S13: s13,
  S14: s14,
  G1: g1,
  G2: g2,
  G3: g3,
  G4: g4,
};
const LIMIT = 240000;

const run = new Run(JSON.parse(process.argv[2]));
for (const name of ["SIGINT", "SIGTERM"]) {
  process.on(name, () => {
    run.server.signal("SIGKILL");
    process.exit(130);
  });
}
try {
  const tell = (what, metrics) => console.log(JSON.stringify({ case: what, metrics }));
  await within(SCENARIOS[run.scenario](run, tell), LIMIT, run.scenario);
} catch (error) {
  console.error(String(error.stack ?? error));
  process.exitCode = 1;
} finally {
  await run.server.stop({ kill: true });
  process.exit();
}
