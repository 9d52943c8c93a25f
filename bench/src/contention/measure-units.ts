import { createRooms, userNames } from "./rooms.ts";
import { newTally, type SendTally, sendMessages } from "./send-messages.ts";
import type { ApiServers } from "./servers.ts";
import { storeUnits } from "./store-units.ts";
import { takeTurns } from "./take-turns.ts";

/** What messages cost in one way of sending them. */
export interface UnitFigures {
  readonly messages: number;
  readonly write_units_per_message: number;
  readonly read_units_per_message: number;
  readonly lost_puts_per_message: number;
  readonly messages_per_second: number;
}

/** Rooms in which one writer each sends one message after the other. */
export function oneWriterARoom(api: ApiServers, plan: { rooms: number; sends: number }): Promise<UnitFigures> {
  return measure(api, async () => {
    const maru = api.connect();
    const roomIds = await createRooms(maru, plan.rooms, userNames(1));
    return async (tally) => {
      const sends = Math.ceil(plan.sends / plan.rooms);
      const writers = roomIds.map((roomId) => ({ maru, roomIds: [roomId], userIds: userNames(1) }));
      await Promise.all(writers.map((one) => sendMessages(one, tally, { more: (begun) => begun < sends })));
    };
  });
}

/** Many writers of one room. */
export function manyWriters(
  api: ApiServers,
  plan: { writers: number; sends: number; affinity: boolean },
): Promise<UnitFigures> {
  return measure(api, async () => {
    const maru = api.connect({ affinity: plan.affinity });
    const userIds = userNames(plan.writers);
    const roomIds = await createRooms(maru, 1, userIds);
    return (tally) => sendMessages({ maru, roomIds, userIds }, tally, { more: (begun) => begun < plan.sends });
  });
}

/** Rooms of two people, each with a client of their own, who answer each other after a pause. */
export function twoPeople(
  api: ApiServers,
  plan: { rooms: number; turns: number; pauseMs: number; affinity: boolean },
): Promise<UnitFigures> {
  return measure(api, async () => {
    const people = userNames(2);
    const roomIds = await createRooms(api.connect(), plan.rooms, people);
    const clients = roomIds.map(() => people.map(() => api.connect({ affinity: plan.affinity })));
    return async (tally) => {
      await Promise.all(roomIds.map((roomId, at) => takeTurns(clients[at] ?? [], { ...plan, roomId, people }, tally)));
    };
  });
}

/** @param prepare makes what the sends need, so that it is not counted with them */
async function measure(
  { servers }: ApiServers,
  prepare: () => Promise<(tally: SendTally) => Promise<void>>,
): Promise<UnitFigures> {
  const send = await prepare();
  const tally = newTally();
  const before = await storeUnits(servers);
  const startedAtMs = performance.now();
  await send(tally);
  const seconds = (performance.now() - startedAtMs) / 1000;
  const after = await storeUnits(servers);
  if (tally.failures.length > 0) throw tally.failures[0];
  const messages = tally.sent.length;
  const perMessage = (name: keyof typeof after) => Number(((after[name] - before[name]) / messages).toFixed(3));
  return {
    messages,
    write_units_per_message: perMessage("write"),
    read_units_per_message: perMessage("read"),
    lost_puts_per_message: perMessage("lostPuts"),
    messages_per_second: Number((messages / seconds).toFixed(1)),
  };
}
