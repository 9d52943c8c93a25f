import type { Store } from "../../src/domain/store.ts";
import { checkEnd } from "./check-end.ts";
import { checkHistory } from "./check-history.ts";
import { isWrite } from "./command.ts";
import { createDice } from "./dice.ts";
import type { DomainModule } from "./domain-module.ts";
import { type CallRecord, toOutcome } from "./history.ts";
import { type Act, createCommandSource } from "./next-command.ts";
import { createRawWriter } from "./raw-writer.ts";
import { createRecordingStore } from "./recording-store.ts";
import { type Room, serve } from "./serve.ts";
import { type Server, startServers } from "./servers.ts";
import { uuidv7 } from "./uuidv7.ts";
import type { CommandName } from "./weather.ts";
import { createWorld, pauses } from "./world.ts";

export interface ScheduleOptions {
  /** Empty, or at least without the rooms of this run. */
  readonly store: Store;
  /** How long the store may take to answer: 0 for one in memory. */
  readonly patienceMs: number;
  /** Fewer troubles, so that a run on a real engine is short. */
  readonly calm?: boolean;
}

export interface ScheduleResult {
  readonly violations: readonly string[];
  readonly calls: number;
  readonly entries: number;
  readonly history: readonly CallRecord[];
}

/** One run of random clients on random servers in random weather. The same seed, store kind and domain give the same run. */
export async function runSchedule(
  seed: number,
  options: ScheduleOptions,
  module: DomainModule,
): Promise<ScheduleResult> {
  const dice = createDice(seed);
  const world = createWorld(dice, options);
  const { weather, truth } = world;
  const store = createRecordingStore(options.store, world);
  const servers = startServers(world, module, store);
  const raw = createRawWriter(world, store);
  const source = createCommandSource(world);
  const history: CallRecord[] = [];

  async function execute(room: Room, command: CallRecord["command"], server: Server): Promise<CallRecord> {
    const record: CallRecord = {
      command,
      server: server.name,
      arrived: world.stamp(),
      arrivedAtMs: server.nowMs(),
      answered: 0,
      answeredAtMs: 0,
      outcome: undefined,
    };
    history.push(record);
    try {
      record.outcome = { kind: "ok", value: await serve(module, server, room, command) };
    } catch (error) {
      record.outcome = toOutcome(error);
    }
    record.answered = world.stamp();
    record.answeredAtMs = server.nowMs();
    return record;
  }

  async function act(room: Room, next: Act): Promise<void> {
    switch (next.kind) {
      case "burst":
        return raw.burst(room.roomId);
      case "newer":
        return raw.newer(room.roomId);
      case "jump":
        return world.jump();
      case "nextDay":
        return nextDay(room);
    }
    const call = execute(room, next, servers.choose());
    // Some callers give up waiting, and go on.
    if (dice.chance(0.2)) await pauses(world, 3);
    else await call;
    unanswered.add(call);
  }

  /** The night's retention, and then somebody asks again for what was asked the day before. */
  async function nextDay(room: Room): Promise<void> {
    world.jump("day");
    await execute(room, { kind: "purge", below: truth.entries.length + dice.int(-3, 1) }, servers.choose());
    for (let left = dice.int(0, 3); left > 0; left--) await act(room, source.next("retry", history));
  }
  const unanswered = new Set<Promise<CallRecord>>();

  async function makeRoom(): Promise<Room> {
    const createKey = uuidv7(dice, world.nowMs());
    if (weather.imported) {
      const roomId = `imported-${uuidv7(dice, world.nowMs())}`;
      await raw.importRoom(roomId);
      return { roomId, createKey: "" };
    }
    const unknown = { roomId: "", createKey };
    for (;;) {
      const racing = [servers.choose(), servers.choose()].map((s) => execute(unknown, { kind: "create" }, s));
      for (const { outcome } of await Promise.all(racing)) {
        if (outcome?.kind !== "ok") continue;
        const { room } = outcome.value as { room: { roomId: string } };
        return { roomId: room.roomId, createKey };
      }
    }
  }

  async function live(): Promise<Room> {
    const room = await makeRoom();
    const commands: Record<CommandName, number> = { ...weather.commands, ...(weather.imported ? { create: 0 } : {}) };
    const client = async () => {
      for (let left = weather.callsPerClient; left > 0; left--) {
        if (dice.chance(weather.restart)) servers.restart();
        await act(room, source.next(dice.weighted(commands), history));
        await pauses(world, 2);
      }
    };
    await Promise.all(Array.from({ length: weather.clientCount }, client));
    await Promise.all(unanswered);
    world.isCalm = true;
    // Everybody who was left without a definite answer asks once more.
    const unsure = history.filter(({ command, outcome }) => isWrite(command) && outcome?.kind === "refused").slice(-8);
    await Promise.all(unsure.map(({ command }) => execute(room, command, servers.choose())));
    for (const kind of ["list", "room", "members", "markers"] as const) {
      const command = kind === "list" ? { kind, after: undefined, before: undefined } : { kind };
      await execute(room, command, servers.choose());
    }
    return room;
  }

  let room: Room | undefined;
  await world.scheduler.run(
    live().then((made) => {
      room = made;
    }),
  );
  if (room === undefined) throw new Error("a run ends with a room");
  const violations = [
    ...truth.violations,
    ...(await checkEnd(options.store, room.roomId, truth)),
    ...checkHistory(truth, history),
  ];
  return { violations, calls: history.length, entries: truth.entries.length, history };
}
