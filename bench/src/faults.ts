// Lets the relay and the brokers die while messages are sent, again and again, and compares topic and table each time.
import { parseArgs } from "node:util";
import { type FaultFindings, runFault } from "./faults/fault-run.ts";
import { type FaultName, faultNames, faults } from "./faults/faults.ts";
import { startChaosStack } from "./faults/relay-world.ts";
import { isKept, sumRuns } from "./faults/sum-runs.ts";
import { type FaultCommand, runFaultCommand } from "./measure/fault-command.ts";
import { wholeNumber } from "./measure/options.ts";

const help = `usage: npm run faults -- [options]

Starts DynamoDB Local, three Kafka brokers (three replicas, two in sync), a server and a relay. While messages are sent

  relay      the relay's process is killed and started again
  leader     the broker that leads most partitions is killed and comes back after 10 s
  rolling    each broker in turn is stopped and started again

Then the whole topic is compared with the table: every entry of every room must be there, in order. The last line is one
JSON object. The exit code is 1 when anything was lost, out of order or refused.

  --runs N       runs of each fault (default 10)
  --only FAULT   only this one; may be given more than once
  --sends N      messages in a run, at least (default 5000)
  --help
`;

async function main({ signal, say }: FaultCommand): Promise<void> {
  const { values } = parseArgs({
    options: {
      runs: { type: "string", default: "10" },
      only: { type: "string", multiple: true },
      sends: { type: "string", default: "5000" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return void process.stdout.write(help);
  const runs = wholeNumber("--runs", values.runs);
  const sends = wholeNumber("--sends", values.sends);
  const names = (values.only ?? faultNames).map(faultName);

  const findings: Record<string, FaultFindings[]> = Object.fromEntries(names.map((name) => [name, []]));
  try {
    await using stack = await startChaosStack((line) => say(line));
    for (let run = 1; run <= runs; run++) {
      for (const name of names) {
        const sayOfRun = (line: string) => say(`${name} ${run}/${runs}: ${line}`);
        const found = await runFault(stack, faults[name], { sends, signal, say: sayOfRun });
        findings[name]?.push(found);
        sayOfRun(JSON.stringify(sumRuns([found])));
      }
    }
  } finally {
    report(findings);
  }
}

function report(findings: Record<string, FaultFindings[]>): void {
  const all = sumRuns(Object.values(findings).flat());
  const byFault = Object.fromEntries(Object.entries(findings).map(([name, runs]) => [name, sumRuns(runs)]));
  process.stdout.write(`${JSON.stringify({ kept: isKept(all), ...all, byFault })}\n`);
  if (!isKept(all)) process.exitCode = 1;
}

function faultName(text: string): FaultName {
  const name = faultNames.find((known) => known === text);
  if (name === undefined) throw new RangeError(`--only is one of ${faultNames.join(", ")}, not "${text}"`);
  return name;
}

await runFaultCommand(main);
