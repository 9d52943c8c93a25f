import { type Command, isWrite } from "./command.ts";
import type { DomainModule } from "./domain-module.ts";
import { type CallRecord, toOutcome } from "./history.ts";
import { type Act, createCommandSource } from "./next-command.ts";
import type { RawWriter } from "./raw-writer.ts";
import { type Room, serve } from "./serve.ts";
import type { Servers } from "./servers.ts";
import { uuidv7 } from "./uuidv7.ts";
import type { CommandName } from "./weather.ts";
import { pauses, type World } from "./world.ts";

/** Those who call the servers, and what they were answered. */
export interface Clients {
  readonly history: readonly CallRecord[];
  makeRoom(): Promise<Room>;
  /** Each client calls as often as the weather says, all at once. */
  work(room: Room): Promise<void>;
  /** In calm weather: who was refused asks once more, and all is read. */
  askAgain(room: Room): Promise<void>;
}

const askedAgainMax = 8;

export function createClients(world: World, module: DomainModule, servers: Servers, raw: RawWriter): Clients {
  const { dice, weather, truth } = world;
  const source = createCommandSource(world);
  const history: CallRecord[] = [];
  const givenUp: Promise<unknown>[] = [];

  async function call(room: Room, command: Command): Promise<CallRecord> {
    const server = servers.choose();
    const [arrived, arrivedAtMs] = [world.stamp(), server.nowMs()];
    const record: CallRecord = {
      command,
      server: server.name,
      arrived,
      arrivedAtMs,
      answered: arrived,
      answeredAtMs: arrivedAtMs,
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
    const answer = call(room, next);
    if (!dice.chance(0.2)) return void (await answer);
    // Some give up waiting, and go on.
    givenUp.push(answer);
    await pauses(world, 3);
  }

  /** The night's retention, and then somebody asks again for what was asked the day before. */
  async function nextDay(room: Room): Promise<void> {
    world.jump("day");
    await call(room, { kind: "purge", below: truth.entries.length + dice.int(-3, 1) });
    for (let left = dice.int(0, 3); left > 0; left--) await act(room, source.next("retry", history));
    if (dice.chance(0.5)) return;
    const late = source.next("late", history);
    for (let tries = 2; tries > 0; tries--) await act(room, late);
  }

  return {
    history,
    async makeRoom() {
      if (weather.imported) {
        const roomId = `imported-${uuidv7(dice, world.nowMs())}`;
        await raw.importRoom(roomId);
        return { roomId, createKey: "" };
      }
      const unknown = { roomId: "", createKey: uuidv7(dice, world.nowMs()) };
      for (;;) {
        const racing = [call(unknown, { kind: "create" }), call(unknown, { kind: "create" })];
        for (const { outcome } of await Promise.all(racing)) {
          if (outcome?.kind !== "ok") continue;
          const { room } = outcome.value as { room: { roomId: string } };
          return { ...unknown, roomId: room.roomId };
        }
      }
    },
    async work(room) {
      const commands: Record<CommandName, number> = { ...weather.commands, ...(weather.imported ? { create: 0 } : {}) };
      const client = async () => {
        for (let left = weather.callsPerClient; left > 0; left--) {
          if (dice.chance(weather.restart)) servers.restart();
          await act(room, source.next(dice.weighted(commands), history));
          await pauses(world, 2);
        }
      };
      await Promise.all(Array.from({ length: weather.clientCount }, client));
      await Promise.all(givenUp);
    },
    async askAgain(room) {
      const refused = history.filter(({ command, outcome }) => isWrite(command) && outcome?.kind === "refused");
      await Promise.all(refused.slice(-askedAgainMax).map(({ command }) => call(room, command)));
      await call(room, { kind: "list", after: undefined, before: undefined });
      for (const kind of ["room", "members", "markers"] as const) await call(room, { kind });
    },
  };
}
