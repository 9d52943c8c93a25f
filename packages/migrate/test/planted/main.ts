import { parseArgs } from "node:util";
import { runCopy } from "../../src/copy/run-copy.ts";
import { readConversationLines } from "../../src/monolith/conversation-lines.ts";
import { generatedRows } from "../../src/monolith/generated-rows.ts";
import { loadRows } from "../../src/monolith/load-rows.ts";
import { conversationsFile, createWorld, startEngines, verifyWorld } from "../migrate-world.ts";
import { plantFaults } from "./plant-faults.ts";

const help = `usage: npm run migrate-planted -- [--messages N]

Copies generated messages (default 1000000), verifies that nothing differs, spoils one thing in each of five rooms, and verifies
again: each must be found, and nothing else. Exits with 1 when one is not.
`;

const { values } = parseArgs({
  options: { messages: { type: "string", default: "1000000" }, help: { type: "boolean", default: false } },
});

async function main(): Promise<void> {
  if (values.help) return void process.stdout.write(help);
  const lines = await readConversationLines(conversationsFile);
  const texts = lines.map(({ text }) => text).filter((text) => text !== "");
  await using stack = await startEngines();
  await using world = await createWorld(stack, (sql) =>
    loadRows(sql, generatedRows({ messages: Number(values.messages), seed: 1, texts })),
  );
  const say = (line: string) => void process.stdout.write(`${line}\n`);
  const copied = await runCopy(world.copyOptions({ parallel: 16, roomsPerChunk: 100 }));
  say(
    `copied ${copied.counts.messages.copied} messages, ${copied.writeUnits} write units, in ${copied.seconds.toFixed(1)} s`,
  );
  const wide = { parallel: 16, roomsPerSpan: 200 };
  const before = await verifyWorld(world, wide);
  say(`${before.differenceCount} differences in ${before.rooms} rooms, ${before.seconds.toFixed(1)} s`);
  const rows = await world.sql.query<{ id: string }>(
    "select r.id from rooms r join messages m on m.room_id = r.id group by r.id having count(*) > 20 order by md5(r.id::text) limit 5",
  );
  const planted = await plantFaults(
    world.target,
    rows.rows.map(({ id }) => String(id)),
  );
  const after = await verifyWorld(world, wide);
  const found = planted.filter(({ roomId, kind }) =>
    after.differences.some((one) => one.roomId === roomId && one.kind === kind),
  );
  const elsewhere = after.differences.filter((one) => !planted.some(({ roomId }) => roomId === one.roomId));
  const { messages, rooms, equalByHash } = after;
  say(
    JSON.stringify({
      planted: planted.length,
      found: found.length,
      elsewhere: elsewhere.length,
      messages,
      rooms,
      equal_by_hash: equalByHash,
      before: before.differenceCount,
      copy_seconds: copied.seconds,
      verify_seconds: after.seconds,
    }),
  );
  if (found.length < planted.length || elsewhere.length > 0 || before.differenceCount > 0) process.exitCode = 1;
}

await main();
