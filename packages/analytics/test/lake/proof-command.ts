// npm run lake-proof: the whole way to the lake under faults, held against the service.
import { join } from "node:path";
import { parseArgs } from "node:util";
import { startStack } from "@maru/devstack";
import { serveGlue } from "../../src/local/serve-glue.ts";
import { showProgress } from "../../src/local/show-progress.ts";
import { openLakeSql } from "./lake-sql.ts";
import { proveLake } from "./prove-lake.ts";

const help = `usage: npm run lake-proof -- [options]

Sends real conversations through the service, with edits, deletions, reactions, people who leave and one who is erased,
while the way to the lake is killed, refuses rows and repeats batches. Then the view "messages" in Trino is held against
the service's own answers, room by room: numbers, senders, texts, replies, edits, order; and again after the erasure was
carried out in the lake. The last line is one JSON object; the exit code is 1 when anything differs.

  --file F     conversations as JSON lines, gzipped (default: 20 rooms that come with the demo)
  --rooms N    only the first N rooms
  --kills N    how often the pipeline is killed with SIGKILL (default 10)
  --help
`;

const { values } = parseArgs({
  options: {
    file: {
      type: "string",
      default: join(import.meta.dirname, "../../../../examples/demo/data/irc-20-rooms.ndjson.gz"),
    },
    rooms: { type: "string", default: "1000000" },
    kills: { type: "string", default: "10" },
    help: { type: "boolean", default: false },
  },
});

async function main(): Promise<void> {
  if (values.help) return void process.stdout.write(help);
  const stop = new AbortController();
  process.once("SIGINT", () => stop.abort(new Error("stopped by Ctrl-C")));
  const say = (line: string) => void process.stderr.write(`${line}\n`);
  await using glue = await serveGlue();
  await using stack = await startStack({
    ...{ dynamodb: true, kafka: true, objectStore: true, trino: { glueEndpoint: glue.endpoint }, onProgress: say },
  });
  const { dynamodb, kafka, objectStore, trino } = stack;
  if (!dynamodb || !kafka || !objectStore || !trino) throw new Error("an engine is missing");
  const lake = await openLakeSql({ objectStore, trinoUrl: trino.url, postgresUrl: "", glueEndpoint: glue.endpoint });
  let progress: ReturnType<typeof showProgress> | undefined;
  const proof = await proveLake({
    ...{ dynamodb, brokers: kafka.brokers, objectStore, lake, file: values.file, signal: stop.signal },
    ...{ maxRooms: Number(values.rooms), kills: Number(values.kills) },
    onProgress(messages, total) {
      progress ??= showProgress("messages", total);
      progress.update(messages);
    },
    onFed: () => progress?.end(),
  });
  process.stdout.write(`${JSON.stringify(proof)}\n`);
  const { differentRooms, differentAfterErasure, rowsLeft } = proof;
  if (differentRooms.length + differentAfterErasure.length + rowsLeft > 0) process.exitCode = 1;
}

await main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
