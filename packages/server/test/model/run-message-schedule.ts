import { checkErase } from "./check-erase.ts";
import { checkMessageRead } from "./check-message-read.ts";
import { checkMessageRefusal } from "./check-message-refusal.ts";
import { checkCounts, checkMessageWrite } from "./check-message-write.ts";
import { checkMessagesEnd } from "./check-messages-end.ts";
import { createDice } from "./dice.ts";
import type { DomainModule } from "./domain-module.ts";
import { toOutcome } from "./history.ts";
import {
  createMessageSource,
  directUsers,
  isMessageRead,
  isMessageWrite,
  type MessageCommand,
  users,
} from "./message-command.ts";
import { createMessageWindows, type MessageCall, type MessageWindows } from "./message-windows.ts";
import { createRecordingStore } from "./recording-store.ts";
import type { ScheduleOptions } from "./run-schedule.ts";
import { serve } from "./serve.ts";
import { serveDirect } from "./serve-direct.ts";
import { serveMessage } from "./serve-message.ts";
import { startServers } from "./servers.ts";
import { uuidv7 } from "./uuidv7.ts";
import { createWorld, pauses } from "./world.ts";

export interface MessageScheduleResult {
  readonly violations: readonly string[];
  readonly entries: number;
  readonly history: readonly MessageCall[];
}

/**
 * One run of random clients that edit, delete, react to, pin, hold and commit messages of one room, on random servers in
 * random weather. On a store in memory the same seed is the same run.
 */
export async function runMessageSchedule(
  seed: number,
  options: ScheduleOptions,
  module: DomainModule,
): Promise<MessageScheduleResult> {
  const world = createWorld(createDice(seed), options.patienceMs);
  const { dice, weather, truth } = world;
  const store = createRecordingStore(options.store, world);
  const servers = startServers(world, module, store);
  const next = createMessageSource(world);
  const history: MessageCall[] = [];
  const givenUp: Promise<unknown>[] = [];
  const pair = dice.chance(0.3) ? directUsers : [];
  let roomId = "";

  async function call(command: MessageCommand): Promise<MessageCall> {
    const server = servers.choose();
    const [arrived, arrivedAtMs] = [world.stamp(), server.nowMs()];
    const record = { command, arrived, arrivedAtMs, answered: arrived, answeredAtMs: arrivedAtMs, outcome: undefined };
    const told: MessageCall = record;
    history.push(told);
    told.outcome = await Promise.resolve(serveMessage(module, server, roomId, command)).then(
      (value) => ({ kind: "ok", value }),
      toOutcome,
    );
    told.answered = world.stamp();
    told.answeredAtMs = server.nowMs();
    return told;
  }

  async function makeRoom(): Promise<void> {
    const createKey = uuidv7(dice, world.nowMs());
    const make = () => {
      const server = servers.choose();
      if (pair.length > 0) return serveDirect(module, server, createKey, pair);
      return serve(module, server, { roomId: "", createKey }, { kind: "create" });
    };
    while (roomId === "") {
      const made = await Promise.resolve(make()).catch(() => undefined);
      roomId = (made as { room: { roomId: string } } | undefined)?.room.roomId ?? "";
    }
    const born = { actor: "service", key: uuidv7(dice, world.nowMs()), bornAtMs: world.nowMs() };
    await call({ kind: "add", userIds: users, ...born });
  }

  /** Now and then somebody is erased while the night's retention is at work. */
  async function nextDay(): Promise<void> {
    world.jump("day");
    if (!dice.chance(0.3)) return;
    const below = truth.entries.length;
    await Promise.all([call({ kind: "purge", below }), call({ kind: "erase", userId: dice.pick(users) })]);
  }

  async function client(): Promise<void> {
    for (let left = 2 * weather.callsPerClient; left > 0; left--) {
      if (dice.chance(weather.restart)) servers.restart();
      if (dice.chance(0.01)) await nextDay();
      if (dice.chance(0.02)) world.jump("tailAge");
      const answer = call(next(history.map(({ command }) => command).filter(isMessageWrite)));
      // Some give up waiting, and go on.
      if (dice.chance(0.2)) givenUp.push(answer);
      else await answer;
      await pauses(world, 2);
    }
  }

  /** Whoever is not sure of what was sent asks once more, also after nothing is left of it. */
  async function eraseAtEnd(userId: string): Promise<void> {
    await call({ kind: "erase", userId });
    const sent = history.filter(({ command, outcome }) => isSentBy(command, userId) && outcome?.kind === "ok");
    for (const { command } of sent.slice(-4)) await call(command);
  }

  async function live(): Promise<void> {
    await makeRoom();
    await Promise.all(Array.from({ length: weather.clientCount }, client));
    await Promise.all(givenUp);
    world.isCalm = true;
    const refused = history.filter(({ command, outcome }) => isMessageWrite(command) && outcome?.kind === "refused");
    await Promise.all(refused.slice(-8).map(({ command }) => call(command)));
    for (const userId of users) await call({ kind: "unread", userId });
    if (dice.chance(0.5)) await eraseAtEnd(dice.pick(users));
    for (const kind of ["list", "pinned"] as const) await call({ kind, viewer: undefined });
    await call({ kind: "entries" });
    await call({ kind: "expire" });
  }

  await world.scheduler.run(live());
  const windows = createMessageWindows(truth, pair);
  const violations = [
    ...truth.violations,
    ...(await checkMessagesEnd(options.store, roomId, windows)),
    ...history.flatMap((one) => checkCall(windows, one).map((what) => `${describe(one)}: ${what}`)),
  ];
  return { violations, entries: truth.entries.length, history };
}

function checkCall(windows: MessageWindows, call: MessageCall): string[] {
  const { command, outcome } = call;
  switch (outcome?.kind) {
    case undefined:
      return ["was never answered"];
    case "broken":
      return [outcome.error instanceof Error ? `broke with ${outcome.error.stack}` : "broke"];
    case "refused":
      return checkMessageRefusal(windows, call, outcome);
    case "ok":
      if (isMessageRead(command)) return checkMessageRead(windows, call, command, outcome.value);
      if (command.kind === "erase") return checkErase(windows, call, command.userId);
      if (!isMessageWrite(command)) return [];
      return [
        ...checkMessageWrite(windows, call, command, outcome.value),
        ...checkCounts(windows, call, command, outcome.value),
      ];
  }
}

function isSentBy(command: MessageCommand, userId: string): boolean {
  return command.kind === "send" && command.actor === userId;
}

function describe({ command, arrived, answered }: MessageCall): string {
  return `${JSON.stringify(command)} [${arrived}–${answered}]`;
}
