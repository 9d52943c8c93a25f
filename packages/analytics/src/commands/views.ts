// npm run lake-views: writes the statements that make the lake's views, those of cards too.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { createCardTypes, defaultCardTypesLimits } from "@maru/server/domain/cards/card-types.ts";
import { createDynamoCardTypes } from "@maru/server/store/card-types.ts";
import { createClient } from "@maru/server/store/client.ts";
import { readEnvironment } from "../lambda/environment.ts";
import { cardView, type View } from "../views/card-view.ts";
import { readViews } from "../views/read-views.ts";

const help = `usage: npm run lake-views -- [--out FOLDER] [--control-table T]

Writes one file of SQL for each view of the lake: messages, rooms, members, and cards_<type> for each registered type of
cards. Run them in Athena, in the lake's database, once, and again when a type of cards was registered: each replaces the
view of its name.

  --out FOLDER         default: printed, with a semicolon behind each
  --control-table T    where the types of cards are (default maru_control)
  --no-cards           only messages, rooms and members; asks no table
  --help

AWS is found as AWS documents it: AWS_REGION, AWS_PROFILE, AWS_ENDPOINT_URL_DYNAMODB and so on.
`;

const { values } = parseArgs({
  options: {
    out: { type: "string" },
    "control-table": { type: "string", default: "maru_control" },
    "no-cards": { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});

async function main(): Promise<void> {
  if (values.help) return void process.stdout.write(help);
  const views = [...readViews(), ...(values["no-cards"] ? [] : await cardViews(values["control-table"]))];
  const { out } = values;
  if (out === undefined) return void process.stdout.write(views.map(({ sql }) => `${sql};\n`).join("\n"));
  mkdirSync(out, { recursive: true });
  for (const { name, sql } of views) writeFileSync(join(out, `${name}.sql`), `${sql}\n`);
  process.stdout.write(`${views.length} views are in ${out}\n`);
}

async function cardViews(tableName: string): Promise<View[]> {
  const { AWS_REGION: region } = readEnvironment({ AWS_REGION: undefined });
  const access = { region, maxAttempts: 5, connectionTimeoutMs: 2_000, requestTimeoutMs: 10_000, maxSockets: 10 };
  const store = createDynamoCardTypes({ client: createClient(access), tableName });
  const types = createCardTypes({ store, clock: { nowMs: Date.now }, limits: defaultCardTypesLimits });
  const views: View[] = [];
  for (let after: string | undefined; ; ) {
    const records = await store.listTypes(after, 100);
    for (const record of records) views.push(cardView((await types.open(record)).message));
    after = records.at(-1)?.type;
    if (records.length < 100) return views;
  }
}

await main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
