import { parseArgs } from "node:util";
import { createWorld, loadRooms, startEngines } from "../migrate-world.ts";
import { runChaos } from "./run-chaos.ts";

const help = `usage: npm run migrate-chaos -- [options]

Starts PostgreSQL and DynamoDB, loads conversations, and lets people chat in PostgreSQL all along while maru-migrate copy and
follow are killed with SIGKILL at random times. Then it is let catch up, and both sides are compared. Exits with 1 when anything
differs. MARU_CONVERSATIONS names another file of conversations.

  --kills N            half of them during the copy (default 20)
  --rooms N            rooms to begin with (default 20)
  --units-per-second N how fast the copy may go (default 1500)
  --seed N             (default 1)
`;

const { values } = parseArgs({
  options: {
    kills: { type: "string", default: "20" },
    rooms: { type: "string", default: "20" },
    seed: { type: "string", default: "1" },
    "units-per-second": { type: "string", default: "1500" },
    help: { type: "boolean", default: false },
  },
});

async function main(): Promise<void> {
  if (values.help) return void process.stdout.write(help);
  await using stack = await startEngines();
  await using world = await createWorld(stack, loadRooms(Number(values.rooms)));
  const say = (line: string) => void process.stdout.write(`${line}\n`);
  const plan = {
    kills: Number(values.kills),
    seed: Number(values.seed),
    unitsPerSecond: Number(values["units-per-second"]),
    say,
  };
  const outcome = await runChaos(world, plan);
  const unequal = Object.values(outcome.counts).some(({ source, copied, rejected }) => source !== copied + rejected);
  say(
    JSON.stringify({
      chaos: "migrate",
      ...plan,
      ...outcome,
      differences: outcome.differences.length,
      first: outcome.differences.slice(0, 3),
    }),
  );
  if (outcome.differences.length > 0 || outcome.followRejected > 0 || unequal) process.exitCode = 1;
}

await main();
