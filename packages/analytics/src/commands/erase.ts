// npm run lake-erase: takes out of the lake what erased users wrote.
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { eraseUsers } from "../erasure/erase-users.ts";
import { openLake } from "../lake/open-lake.ts";
import { createPseudonyms } from "../privacy/pseudonyms.ts";

const help = `usage: npm run lake-erase -- --lake s3://bucket --receipt ID (--user ID … | --users FILE)

Takes out of the lake what users wrote, after "maru-server admin" has erased them in the service: older rows of their
entries then say what the newest row says. Numbers stay as they were counted. Refused while the service has not erased
them, or while records of theirs lie under failures/. Reads the lake twice and writes the objects anew that hold such
rows; many users in one run cost the same. Wait a day after the service's erasure: the stream may bring older rows again
for so long. Ctrl-C stops it; the same receipt goes on.

  --lake L      s3://bucket, or a folder
  --receipt ID  of the request, for example: the receipt is receipts/erasure/<ID>.json in the bucket
  --user ID     may be given several times
  --users FILE  one id a line
  --help

Where user_ids are hashed, MARU_LAKE_HASH_KEY holds the key. The last line is the receipt as JSON.
`;

const { values } = parseArgs({
  options: {
    lake: { type: "string" },
    receipt: { type: "string" },
    user: { type: "string", multiple: true, default: [] },
    users: { type: "string" },
    help: { type: "boolean", default: false },
  },
});

async function main(): Promise<void> {
  if (values.help) return void process.stdout.write(help);
  const { lake, receipt: receiptId } = values;
  const listed = values.users === undefined ? [] : readFileSync(values.users, "utf8").split(/\r?\n/);
  const userIds = [...new Set([...values.user, ...listed].filter((id) => id !== ""))];
  if (lake === undefined || receiptId === undefined || userIds.length === 0)
    throw new Error("--lake, --receipt and a user are needed: see --help");
  if (!/^[\w.-]{1,100}$/.test(receiptId)) throw new Error("--receipt must be 1 to 100 of A-Z, a-z, 0-9, _, . and -");
  const stop = new AbortController();
  process.once("SIGINT", () => stop.abort(new Error("stopped; the same receipt goes on")));
  const hashKey = process.env.MARU_LAKE_HASH_KEY;
  const pseudonyms = hashKey ? createPseudonyms(hashKey) : undefined;
  let toldAtMs = 0;
  const receipt = await eraseUsers({
    ...{ files: openLake(lake), receiptId, userIds, nowMs: Date.now, signal: stop.signal },
    ...(pseudonyms && { pseudonymOf: pseudonyms.ofUser }),
    onProgress({ step, objects }) {
      if (Date.now() - toldAtMs < 1_000) return;
      toldAtMs = Date.now();
      process.stderr.write(`${step}: ${objects} objects\n`);
    },
  });
  process.stdout.write(`${JSON.stringify(receipt)}\n`);
}

await main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
