// Lets everything die, stop, hang and be slow at random while real conversations are sent and consumed.
import { join } from "node:path";
import { parseArgs } from "node:util";
import { readConversations } from "../../examples/demo/src/conversation.ts";
import { isKept, runChaos } from "./chaos/run-chaos.ts";
import { startChaosStack } from "./faults/relay-world.ts";
import { type FaultCommand, runFaultCommand } from "./measure/fault-command.ts";
import { wholeNumber } from "./measure/options.ts";

const help = `usage: npm run chaos -- [options]

Starts DynamoDB Local, three Kafka brokers (three replicas, two in sync), two servers, two relays and two consumers.
Eight senders send real conversations. Meanwhile servers, relays, consumers and brokers are killed and stopped at random,
shards are rolled, and connections are cut and slowed down. In the end every acknowledged message must be once in the
table, in the topic in order, and handled once: a consumer writes into a journal, in the transaction that stores its
position, and the journal is compared. The last line is one JSON object. The exit code is 1 when a promise was broken.

  --minutes N      how long faults happen (default 10; may be a fraction)
  --seed S         decides the faults; a seed that failed can be run again (default: a random one)
  --per-second N   messages a second, of all senders together (default 60)
  --rooms N        conversations, each in a room of its own (default 20)
  --file F         conversations, one line of JSON for each message (default: those of the demo)
  --help
`;

const demoFile = join(import.meta.dirname, "../../examples/demo/data/irc-20-rooms.ndjson.gz");

async function main({ signal, say }: FaultCommand): Promise<void> {
  const { values } = parseArgs({
    options: {
      minutes: { type: "string", default: "10" },
      seed: { type: "string" },
      "per-second": { type: "string", default: "60" },
      rooms: { type: "string", default: "20" },
      file: { type: "string", default: demoFile },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return void process.stdout.write(help);
  const minutes = Number(values.minutes);
  if (!(minutes > 0)) throw new RangeError(`--minutes must be more than 0, not "${values.minutes}"`);
  const seed = values.seed === undefined ? 1 + Math.floor(Math.random() * 1e9) : wholeNumber("--seed", values.seed);
  const perSecond = wholeNumber("--per-second", values["per-second"]);
  const lines = await readConversations(values.file, wholeNumber("--rooms", values.rooms));
  // An empty text is refused; what is refused says nothing about faults.
  const conversations = [...lines.values()].map((one) => one.map(({ text }) => text).filter((text) => text !== ""));
  await using stack = await startChaosStack(say);
  const findings = await runChaos(stack, { seed, minutes, perSecond, conversations, signal, say });
  const kept = isKept(findings);
  process.stdout.write(`${JSON.stringify({ kept, seed, minutes, ...findings })}\n`);
  if (!kept) process.exitCode = 1;
}

await runFaultCommand(main);
