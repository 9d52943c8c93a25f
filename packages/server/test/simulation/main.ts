import { runSimulation } from "./run-simulation.ts";

const seed0 = Number(process.argv[2] ?? 1);
const n = Number(process.argv[3] ?? 1);
const t = performance.now();
let steps = 0,
  failed = 0,
  ms = 0,
  vt = 0;
const counts = new Map<string, number>();
for (let seed = seed0; seed < seed0 + n; seed++) {
  const t0 = performance.now();
  const r = await runSimulation(seed);
  ms = Math.max(ms, performance.now() - t0);
  steps += r.steps;
  vt += r.virtualMs;
  for (const [k, v] of r.history.counts) counts.set(k, (counts.get(k) ?? 0) + v);
  if (r.violations.length > 0) {
    failed++;
    if (failed < 6) {
      console.log(seed, r.violations.slice(0, 6));
      if (n === 1) {
        console.log(r.weather);
        for (const l of r.history.lines) console.log(l);
      }
    }
  }
  if (n === 1) console.log(r.history.hash, r.steps, r.virtualMs, r.history.acked.length, r.history.handled.length);
}
const cpu = process.cpuUsage();
console.log(
  {
    cpuMsEach: (cpu.user + cpu.system) / 1000 / n,
    n,
    failed,
    msEach: (performance.now() - t) / n,
    max: ms,
    stepsEach: steps / n,
    vt: vt / n,
  },
  counts,
);
