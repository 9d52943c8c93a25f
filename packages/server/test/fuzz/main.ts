import { parseArgs } from "node:util";
import { runFuzz } from "./run-fuzz.ts";

const help = `Sends random requests, made from the contract's descriptors, to a server over a store in memory.

  node packages/server/test/fuzz/main.ts [--requests 10000] [--seed 1]

  --requests  how many (default 10000)
  --seed      of the chance by which they are made (default 1); the same seed makes the same requests, as far as they do
              not hang on what was answered

The last line is one JSON object. The exit code is 1 when an answer was INTERNAL or UNKNOWN, or had another code that a
healthy server has no cause for, when an error was logged, or when a room is not as its log says.`;

const { values } = parseArgs({
  options: {
    requests: { type: "string", default: "10000" },
    seed: { type: "string", default: "1" },
    help: { type: "boolean", short: "h", default: false },
  },
});

const [seed, requests] = [Number(values.seed), Number(values.requests)];
if (values.help) {
  console.log(help);
} else if (!Number.isInteger(seed) || !Number.isInteger(requests) || requests < 1) {
  console.error("fuzz: --seed and --requests are whole numbers; --help says more");
  process.exitCode = 2;
} else {
  const { problems, ...report } = await runFuzz(seed, requests, console.log);
  for (const problem of problems.slice(0, 20)) console.log(problem);
  console.log(JSON.stringify({ ...report, problems: problems.length }));
  process.exitCode = problems.length === 0 ? 0 : 1;
}
