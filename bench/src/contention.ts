import { parseArgs } from "node:util";
import { startStack } from "@maru/devstack";
import { manyWriters, oneWriterARoom, twoPeople, type UnitFigures } from "./contention/measure-units.ts";
import { startApiServers } from "./contention/servers.ts";
import { wholeNumber } from "./measure/options.ts";
import { circumstances, report, resultsFolder, table } from "./measure/report.ts";

const targetWriteUnits = 1.02;

type Measured = readonly [name: string, title: string, figures: UnitFigures];

/** What a message costs in units of the table, alone in its room and when servers compete for the room. */
export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      sends: { type: "string", default: "5000" },
      rooms: { type: "string", default: "64" },
      "pause-ms": { type: "string", default: "2500" },
      results: { type: "string", default: resultsFolder },
    },
  });
  const sends = wholeNumber("--sends", values.sends);
  const rooms = wholeNumber("--rooms", values.rooms);
  const pauseMs = wholeNumber("--pause-ms", values["pause-ms"]);
  const conditions = { ...circumstances(), sends, rooms, pause_ms: pauseMs };

  const measured = [...(await onTwoServers(sends)), ...(await onEightServers(sends, rooms, pauseMs))];
  const figures = Object.fromEntries(measured.map(([name, , of]) => [name, of]));
  const isWithin = (figures.one_writer_a_room?.write_units_per_message ?? Number.NaN) <= targetWriteUnits;
  await report(values.results, "contention", {
    bench: "contention",
    ...conditions,
    target_write_units_at_one_writer_a_room: targetWriteUnits,
    within_target: isWithin,
    ...figures,
  });
  if (!isWithin) process.exitCode = 1;
}

async function onTwoServers(sends: number): Promise<Measured[]> {
  await using stack = await startStack({ dynamodb: { storage: "memory" } });
  await using api = await startApiServers(stack.dynamodb?.endpoint ?? "", 2);
  process.stdout.write(`2 servers\n`);
  return await show([
    ["one_writer_a_room", "16 rooms, one writer each", () => oneWriterARoom(api, { rooms: 16, sends })],
    [
      "writers_32_with_affinity",
      "one room, 32 writers",
      () => manyWriters(api, { writers: 32, sends, affinity: true }),
    ],
    [
      "writers_32_without_affinity",
      "the same without affinity",
      () => manyWriters(api, { writers: 32, sends, affinity: false }),
    ],
  ]);
}

async function onEightServers(sends: number, rooms: number, pauseMs: number): Promise<Measured[]> {
  await using stack = await startStack({ dynamodb: { storage: "memory" } });
  await using api = await startApiServers(stack.dynamodb?.endpoint ?? "", 8);
  process.stdout.write(`8 servers\n`);
  const atOnce = { rooms: 8, turns: Math.ceil(sends / 40), pauseMs: 0 };
  const slowly = { rooms, turns: 12, pauseMs };
  return await show([
    ["two_people_with_affinity", "two people, answers at once", () => twoPeople(api, { ...atOnce, affinity: true })],
    ["two_people_without_affinity", "the same without affinity", () => twoPeople(api, { ...atOnce, affinity: false })],
    [
      "two_slow_people_with_affinity",
      `two people, answers after ${pauseMs / 1000} s`,
      () => twoPeople(api, { ...slowly, affinity: true }),
    ],
    [
      "two_slow_people_without_affinity",
      "the same without affinity",
      () => twoPeople(api, { ...slowly, affinity: false }),
    ],
  ]);
}

async function show(
  ways: readonly (readonly [name: string, title: string, measure: () => Promise<UnitFigures>])[],
): Promise<Measured[]> {
  const measured: Measured[] = [];
  for (const [name, title, measure] of ways) measured.push([name, title, await measure()]);
  const head = ["", "messages", "write units each", "read units each", "lost puts each", "a second"];
  const rows = measured.map(([, title, figures]) => [title, ...Object.values(figures).map(String)]);
  process.stdout.write(`${table([head, ...rows])}\n\n`);
  return measured;
}
