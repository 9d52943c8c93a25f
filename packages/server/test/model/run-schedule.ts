import type { Store } from "../../src/domain/store.ts";
import { checkEnd } from "./check-end.ts";
import { checkHistory } from "./check-history.ts";
import { createClients } from "./clients.ts";
import { createDice } from "./dice.ts";
import type { DomainModule } from "./domain-module.ts";
import type { CallRecord } from "./history.ts";
import { createRawWriter } from "./raw-writer.ts";
import { createRecordingStore } from "./recording-store.ts";
import { startServers } from "./servers.ts";
import { createWorld } from "./world.ts";

export interface ScheduleOptions {
  /** Empty, or at least without the room of this run. */
  readonly store: Store;
  /** How long the store may take to answer: 0 for one in memory. */
  readonly patienceMs: number;
}

export interface ScheduleResult {
  readonly violations: readonly string[];
  readonly entries: number;
  readonly history: readonly CallRecord[];
}

/** One run of random clients on random servers in random weather. On a store in memory the same seed is the same run. */
export async function runSchedule(
  seed: number,
  options: ScheduleOptions,
  module: DomainModule,
): Promise<ScheduleResult> {
  const world = createWorld(createDice(seed), options.patienceMs);
  const { truth } = world;
  const store = createRecordingStore(options.store, world);
  const servers = startServers(world, module, store);
  const clients = createClients(world, module, servers, createRawWriter(world, store));
  let roomId = "";
  const live = async () => {
    const room = await clients.makeRoom();
    roomId = room.roomId;
    await clients.work(room);
    world.isCalm = true;
    await clients.askAgain(room);
  };
  await world.scheduler.run(live());
  const violations = [
    ...truth.violations,
    ...(await checkEnd(options.store, roomId, truth)),
    ...checkHistory(world, clients.history),
  ];
  return { violations, entries: truth.entries.length, history: clients.history };
}
