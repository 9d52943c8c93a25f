import { parseArgs } from "node:util";
import { makePlan, type Plan } from "../plan/make-plan.ts";
import { openWorkplace, sharedHelp, sharedOptions, UsageError, wholeNumber } from "./options.ts";
import { duration } from "./progress.ts";

export const planHelp = `usage: maru-migrate plan [options]

Checks the mapping file against the tables, shows five rooms before and after, counts, and reckons time, write units and cost
from a sample of rooms. Writes nothing anywhere.

${sharedHelp}  --units-per-second N   write units that the copy will spend (default 10000)
  --price P              of a million write units (default 0.625, dollars, on demand in us-east-1)
  --sample N             rooms that sizes are reckoned from (default 200)
`;

export async function plan(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      ...sharedOptions,
      "units-per-second": { type: "string", default: "10000" },
      price: { type: "string", default: "0.625" },
      sample: { type: "string", default: "200" },
    },
  });
  if (values.help) return void process.stdout.write(planHelp);
  using workplace = await openWorkplace(values);
  const pricePerMillionUnits = Number(values.price);
  if (!(pricePerMillionUnits >= 0)) throw new UsageError(`--price must be a number, not "${values.price}"`);
  const made = await makePlan({
    source: workplace.source,
    mapping: workplace.mapping,
    unitsPerSecond: wholeNumber("units-per-second", values["units-per-second"]),
    sampleRooms: wholeNumber("sample", values.sample),
    pricePerMillionUnits,
  });
  process.stdout.write(values.json ? `${JSON.stringify(made, bigIntText)}\n` : planText(made));
}

function planText(plan: Plan): string {
  const counts = Object.entries(plan.counts).map(
    ([table, { rows, exact }]) => `${table.padEnd(13)} ${exact ? "" : "about "}${rows.toLocaleString("en")}`,
  );
  const examples = plan.examples.flatMap(({ roomId, before, after }) => [
    `room ${roomId}: ${before.participants} participants and ${before.messages} messages become ${after.entries} entries and ${after.members} members`,
    ...before.first.map((row) => `  before  ${shown(row)}`),
    ...after.first.map((entry) => `  after   ${shown(entry)}`),
  ]);
  const rejected = Object.entries(plan.rejectedInSample).map(([reason, count]) => `${count} × ${reason}`);
  return `${[
    ...examples,
    "",
    ...counts,
    "",
    `from ${plan.sampledRooms} rooms: ${plan.itemsPerRoom.toFixed(1)} items and ${plan.unitsPerRoom.toFixed(1)} write units for each, ${Math.round(plan.bytesPerItem)} bytes an item`,
    `rejected among them: ${rejected.length === 0 ? "nothing" : rejected.join(", ")}`,
    `the copy: ${plan.items.toLocaleString("en")} items, ${plan.writeUnits.toLocaleString("en")} write units, ${duration(plan.seconds)}, $${plan.cost.toFixed(2)}`,
    ...plan.warnings.map((warning) => `to follow: ${warning}`),
  ].join("\n")}\n`;
}

function shown(value: object): string {
  const text = JSON.stringify(value, bigIntText);
  return text.length > 160 ? `${text.slice(0, 160)}…` : text;
}

function bigIntText(_key: string, value: unknown): unknown {
  return typeof value === "bigint" ? Number(value) : value;
}
