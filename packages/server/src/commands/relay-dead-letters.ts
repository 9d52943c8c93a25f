import { parseArgs } from "node:util";
import { type ConsumedRecord, readPartitions, startProducer, topicPartitions } from "@maru/kafka";
import { type Config, ConfigError } from "../config.ts";
import { type OpenLetter, overLetter, toOpenLetters } from "../relay/open-letters.ts";
import { redriveLetter } from "../relay/redrive-letter.ts";
import { createClient } from "../store/client.ts";
import { createDynamoStore } from "../store/dynamodb-store.ts";
import { kafkaConnection, tableClientOptions } from "./connections.ts";

export const relayDeadLettersHelp = `usage: maru-server admin relay-dead-letters <command> [options]

What the relay could not read as an entry, and put aside whole: consumers got a gap in its place.

  list [--room R]               what is open, the oldest first
  show --room R [--seq N]       the same with the record of the table's stream, as JSON
  redrive --room R [--seq N]    when the item in the table is mended: hand on its entry as a healed event, and close it
  redrive --all
  close --room R [--seq N]      close it as it is: its entry stays a gap

  --json                        one JSON object a line in place of text
  --help

It reads MARU_KAFKA_… and MARU_DYNAMODB_… as the relay does, not from a server. Reading the topic takes some seconds. redrive
exits with 1 when an item is not mended yet.
`;

const options = {
  room: { type: "string" },
  seq: { type: "string" },
  all: { type: "boolean", default: false },
  json: { type: "boolean", default: false },
  help: { type: "boolean", default: false },
} as const;

type Values = ReturnType<typeof parse>["values"];

function parse(args: readonly string[]) {
  return parseArgs({ args: [...args], allowPositionals: true, options });
}

export async function relayDeadLetters(
  args: readonly string[],
  readConfig: () => Config,
  say: (line: string) => void,
): Promise<void> {
  const { values, positionals } = parse(args);
  const command = positionals[0];
  if (values.help || command === undefined) return say(relayDeadLettersHelp.trimEnd());
  const run = commands[command];
  if (run === undefined) throw wrongUse(`${command} is not a command`);
  if (command !== "list" && values.room === undefined && !(command === "redrive" && values.all))
    throw wrongUse(`${command} needs --room R`);
  if (values.seq !== undefined && !/^\d+$/.test(values.seq)) throw wrongUse("--seq must be a number");
  const config = readConfig();
  if (config.kafkaBrokers.length === 0) throw new ConfigError(["MARU_KAFKA_BROKERS must be set"]);
  const letters = (await readLetters(config)).filter(({ roomId, seq }) => isChosen(values, roomId, seq));
  await run({ config, letters, values, say });
}

interface Run {
  readonly config: Config;
  readonly letters: readonly OpenLetter[];
  readonly values: Values;
  say(line: string): void;
}

const commands: Readonly<Record<string, (run: Run) => Promise<void>>> = {
  async list({ letters, values, say }) {
    for (const letter of letters) say(values.json ? JSON.stringify({ ...letter, json: undefined }) : toLine(letter));
    if (letters.length === 0 && !values.json) say("there is none");
  },
  async show({ letters, values, say }) {
    for (const letter of letters) say(values.json ? JSON.stringify(letter) : `${toLine(letter)}\n${letter.json}`);
    if (letters.length === 0 && !values.json) say("there is none");
  },
  redrive,
  close,
};

async function redrive({ config, letters, values, say }: Run): Promise<void> {
  const client = createClient(tableClientOptions(config));
  await using producer = await startProducer(kafkaConnection(config));
  const topics = { roomEvents: config.kafkaTopic, readMarkers: config.kafkaReadMarkersTopic };
  const deps = {
    store: createDynamoStore({ client, tableName: config.table }),
    producer,
    clock: { nowMs: Date.now },
    origin: { topics, source: "maru" },
    deadLetterTopic: config.kafkaRelayDeadLettersTopic,
  };
  try {
    for (const letter of letters) {
      const outcome = await redriveLetter(deps, letter);
      if (outcome.kind === "refused") process.exitCode = 1;
      const { roomId, seq, sortKey } = letter;
      if (values.json) say(JSON.stringify({ roomId, seq, sortKey, ...outcome }));
      else say(`${roomId} ${sortKey}: ${outcome.kind === "redriven" ? "redriven" : `not redriven: ${outcome.why}`}`);
    }
  } finally {
    client.destroy();
  }
}

async function close({ config, letters, values, say }: Run): Promise<void> {
  await using producer = await startProducer(kafkaConnection(config));
  for (const letter of letters) {
    await producer.send(config.kafkaRelayDeadLettersTopic, overLetter(letter));
    const { roomId, seq, sortKey } = letter;
    say(values.json ? JSON.stringify({ roomId, seq, sortKey, kind: "closed" }) : `${roomId} ${sortKey}: closed`);
  }
}

async function readLetters(config: Config): Promise<OpenLetter[]> {
  const connection = kafkaConnection(config);
  const topic = config.kafkaRelayDeadLettersTopic;
  const count = await topicPartitions(connection, topic);
  const partitions = Array.from({ length: count }, (_, partition) => partition);
  const records: ConsumedRecord[] = [];
  await readPartitions(connection, { topic, partitions }, (some) => void records.push(...some));
  return toOpenLetters(records);
}

function isChosen({ room, seq }: Values, roomId: string, letterSeq: number | undefined): boolean {
  return (room === undefined || room === roomId) && (seq === undefined || Number(seq) === letterSeq);
}

function toLine({ roomId, sortKey, kind, why, relayedAt, shard, sequenceNumber }: OpenLetter): string {
  return `${relayedAt}  ${roomId}  ${sortKey}  ${kind}: ${why}  (shard ${shard}, record ${sequenceNumber ?? "none"})`;
}

function wrongUse(problem: string): ConfigError {
  return new ConfigError([`${problem}: see maru-server admin relay-dead-letters --help`]);
}
