import { createDice } from "../model/dice.ts";
import { strike } from "./blows.ts";
import { checkEnd, readTable } from "./check-end.ts";
import { startConsumers } from "./consumers.ts";
import type { History } from "./history.ts";
import { type Operator, startOperator } from "./operator.ts";
import type { Twist } from "./planted-faults.ts";
import { startRelays } from "./relays.ts";
import { createRooms, send } from "./senders.ts";
import { startServers } from "./servers.ts";
import { installVirtualGlobals } from "./virtual-globals.ts";
import { createVirtualTime } from "./virtual-time.ts";
import { drawWeather, type Weather } from "./weather.ts";
import { createWorld, group, topics, type World } from "./world.ts";

export interface SimulationResult {
  readonly violations: readonly string[];
  readonly history: History;
  readonly weather: Weather;
  readonly steps: number;
  /** How much time passed in it. */
  readonly virtualMs: number;
}

const startMs = Date.UTC(2026, 10, 23);
const maxSteps = 300_000;
const settleLimitMs = 120_000;

/** One run of the whole way, from senders to handlers, in random weather. The same seed is the same run. */
export async function runSimulation(seed: number, twist?: Twist): Promise<SimulationResult> {
  const dice = createDice(seed);
  let onStep = () => {};
  const time = createVirtualTime(dice, startMs, () => onStep());
  const uninstall = installVirtualGlobals(time, dice.next);
  const takeOut = twist?.plant();
  try {
    const weather = drawWeather(dice);
    const world = await createWorld({ dice, time, weather, ...(twist && { twist }) });
    const { history, hosted } = world;
    onStep = () => {
      if (!world.network.strikes(weather.rebalanceAtStep)) return;
      history.count("rebalances between two steps");
      void hosted.groupOf(group).rebalance();
    };
    let violations: string[] = [];
    const living = live(world).then((found) => {
      violations = found;
    });
    try {
      await time.run(living, maxSteps);
    } catch (error) {
      violations.push(`the run broke: ${error instanceof Error ? error.stack : error}`);
    }
    violations.push(...history.violations);
    return { violations, history, weather, steps: time.steps, virtualMs: time.nowMs() - startMs };
  } finally {
    takeOut?.();
    uninstall();
  }
}

async function live(world: World): Promise<string[]> {
  const { weather, time } = world;
  const servers = startServers(world);
  const rooms = await createRooms(world, servers);
  const [relays, consumers] = await Promise.all([startRelays(world), startConsumers(world, servers)]);
  const operator = startOperator(world);
  const striking = strike(world, { servers, relays, consumers, operator });
  const names = Array.from({ length: weather.senderCount }, (_, index) => `s${index + 1}`);
  await Promise.all(names.map((name) => send(world, servers, rooms, name)));
  world.isCalm = true;
  world.history.note("the weather is calm");
  await striking;
  const isSettled = await settle(world, rooms, operator);
  const violations = await checkEnd(world, rooms);
  const closing = Promise.all([consumers.close(), relays.close()]).then(() => true);
  const isClosed = await Promise.race([closing, time.sleep(settleLimitMs).then(() => false)]);
  if (!isClosed) violations.push("what should close does not");
  if (!isSettled) violations.unshift(`after ${settleLimitMs} ms of calm not all is handed on and committed`);
  return violations;
}

/** Waits until the topic has everything, and the group has committed everything and has no dead letters. */
async function settle(world: World, rooms: readonly string[], operator: Operator): Promise<boolean> {
  const { time, hosted } = world;
  const untilMs = time.nowMs() + settleLimitMs;
  while (time.nowMs() < untilMs) {
    const before = hosted.logOf(topics.roomEvents).partitions.map(({ highOffset }) => highOffset);
    const committed = hosted.groupOf(group).committed(topics.roomEvents);
    const isCommitted = before.every(
      (highOffset, partition) => highOffset === 0n || committed.get(partition) === highOffset,
    );
    if (isCommitted && (await isHandedOn(world, rooms)) && (await operator.count()) === 0) return true;
    await operator.redrive();
    await time.sleep(200);
  }
  return false;
}

async function isHandedOn(world: World, rooms: readonly string[]): Promise<boolean> {
  const { weather, hosted } = world;
  const records = hosted.broker.topic(topics.roomEvents).records();
  for (const roomId of rooms) {
    const last = (await readTable(world, roomId)).length;
    const isThere = records.some(
      ({ key, headers }) => Buffer.from(key).toString() === roomId && headers.seq === `${last}`,
    );
    if (!isThere && weather.hole === 0) return false;
  }
  return weather.hole === 0 || isRead(world);
}

/** With an agent that loses events the topic does not say when all was handed on: the checkpoints do. */
async function isRead({ stream, leases }: World): Promise<boolean> {
  const arn = (await stream.arn()) ?? "";
  const states = await leases.list(arn);
  return stream.isRead((shardId) => states.find((state) => state.shardId === shardId)?.checkpoint?.sequenceNumber);
}
