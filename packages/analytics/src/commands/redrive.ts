// npm run lake-redrive: brings what was put aside into the lake.
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { createCardTypeReader } from "@maru/server/store/card-type-reader.ts";
import { createClient } from "@maru/server/store/client.ts";
import { createOpenCardTypes } from "../flatten/open-card-types.ts";
import { openLake } from "../lake/open-lake.ts";
import { readEnvironment } from "../lambda/environment.ts";
import { parsePersonalData } from "../privacy/parse-personal-data.ts";
import { createPseudonyms } from "../privacy/pseudonyms.ts";
import { redrive } from "../redrive/redrive.ts";

const help = `usage: npm run lake-redrive -- --lake s3://bucket --personal-data FILE [--control-table T]

Records that could not be delivered lie under failures/ in the lake's bucket, whole. This makes rows of them, puts these
under the hour in which the records failed, and takes them out of failures/. What still cannot become a row stays there,
and is told. Ctrl-C stops it between two objects; run it again to go on.

  --lake L             s3://bucket, or a folder
  --personal-data F    the policy file that the function is deployed with
  --control-table T    where the types of cards are (default maru_control)
  --help

MARU_LAKE_HASH_KEY holds the key of the hashes, the function's own. AWS is found as AWS documents it.
The last line is JSON: objects, delivered, left.
`;

const { values } = parseArgs({
  options: {
    lake: { type: "string" },
    "personal-data": { type: "string" },
    "control-table": { type: "string", default: "maru_control" },
    help: { type: "boolean", default: false },
  },
});

async function main(): Promise<void> {
  if (values.help) return void process.stdout.write(help);
  const { lake, "personal-data": policyFile } = values;
  if (lake === undefined || policyFile === undefined)
    throw new Error("--lake and --personal-data are needed: see --help");
  const { MARU_LAKE_HASH_KEY: hashKey, AWS_REGION: region } = readEnvironment({
    MARU_LAKE_HASH_KEY: undefined,
    AWS_REGION: undefined,
  });
  const stop = new AbortController();
  process.once("SIGINT", () => stop.abort(new Error("stopped; run it again to go on")));
  const client = createClient({
    ...{ region, maxAttempts: 5, connectionTimeoutMs: 2_000, requestTimeoutMs: 10_000, maxSockets: 10 },
  });
  const store = createCardTypeReader({ client, tableName: values["control-table"] });
  const { objects, delivered, left } = await redrive({
    files: openLake(lake),
    flattening: {
      personalData: parsePersonalData(readFileSync(policyFile, "utf8")),
      pseudonyms: createPseudonyms(hashKey),
    },
    openCardTypes: createOpenCardTypes(store, Date.now),
    signal: stop.signal,
    onObject: (key, so) => process.stderr.write(`${so.objects} objects, ${so.delivered} rows: ${key}\n`),
  });
  process.stdout.write(`${JSON.stringify({ objects, delivered, left: Object.fromEntries(left) })}\n`);
  if (left.size > 0) process.exitCode = 1;
}

await main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
