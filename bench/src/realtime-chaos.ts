// Lets everything between the log and the sockets die at random while messages are sent, and holds what arrived against the log.
import { parseArgs } from "node:util";
import { type FaultCommand, runFaultCommand } from "./measure/fault-command.ts";
import { wholeNumber } from "./measure/options.ts";
import { startRealtimeStack } from "./realtime/realtime-world.ts";
import { isKept, runRealtime } from "./realtime/run-realtime.ts";

const help = `usage: npm run realtime-chaos -- [options]

Starts DynamoDB Local, Kafka, three Redis masters with a replica each, two servers, a relay and two gateways, and connects
sockets, each to one room. Messages are sent by calls and over the sockets. Meanwhile gateways, servers and Redis masters are
killed, gateways stand still, Redis is emptied, and sockets are cut, at random. In the end every socket must have had every entry of
its room once, in order, as the log has it. Then all sockets are dropped at once, and come back. The last line is one JSON object.
The exit code is 1 when a promise was broken.

  --minutes N      how long faults happen (default 3; may be a fraction)
  --seed S         decides the faults; a seed that failed can be run again (default: a random one)
  --sockets N      default 2000
  --rooms N        default 200
  --per-second N   messages a second (default 60)
  --help
`;

async function main({ signal, say }: FaultCommand): Promise<void> {
  const { values } = parseArgs({
    options: {
      minutes: { type: "string", default: "3" },
      seed: { type: "string" },
      sockets: { type: "string", default: "2000" },
      rooms: { type: "string", default: "200" },
      "per-second": { type: "string", default: "60" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return void process.stdout.write(help);
  const minutes = Number(values.minutes);
  if (!(minutes > 0)) throw new RangeError(`--minutes must be more than 0, not "${values.minutes}"`);
  const seed = values.seed === undefined ? 1 + Math.floor(Math.random() * 1e9) : wholeNumber("--seed", values.seed);
  const size = { sockets: wholeNumber("--sockets", values.sockets), rooms: wholeNumber("--rooms", values.rooms) };
  const perSecond = wholeNumber("--per-second", values["per-second"]);
  await using stack = await startRealtimeStack(say);
  const findings = await runRealtime(stack, { ...size, seed, minutes, perSecond, signal, say });
  const kept = isKept(findings);
  process.stdout.write(`${JSON.stringify({ kept, seed, minutes, ...size, ...findings })}\n`);
  if (!kept) process.exitCode = 1;
}

await runFaultCommand(main);
