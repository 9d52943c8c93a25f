import type { LambdaStreamRecord } from "@maru/server/relay/lambda-record.ts";

/** An entry of a room as the table's stream told it, and when that came to the lake: perhaps late, perhaps twice. */
export interface ToldEntry {
  readonly roomId: string;
  readonly seq: number;
  readonly type: string;
  readonly userId: string | undefined;
  readonly createdAtMs: number;
  readonly body: Readonly<Record<string, unknown>>;
  readonly arrivedAtMs: readonly number[];
}

export const zone = "Asia/Seoul";
/** A day of Seoul: from 15:00 of the 24th to 15:00 of the 25th, UTC. */
export const day = "2026-11-25";
export const dayFromMs = Date.parse("2026-11-24T15:00:00Z");
export const dayUntilMs = Date.parse("2026-11-25T15:00:00Z");
const hourMs = 3_600_000;

export const regionOf = (userId: string): string | undefined =>
  userId === "user-0" ? undefined : `region-${Number(userId.slice(5)) % 3}`;
export const userIds = Array.from({ length: 1000 }, (_, n) => `user-${n}`);

/** Ten days of rooms, with something at each side of each midnight that matters, from a seed. */
export function daysOfRooms(seed: number): ToldEntry[] {
  const random = randomOf(seed);
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;
  const entries: ToldEntry[] = [];
  for (let room = 0; room < 150; room++) {
    const roomId = `room-${room}`;
    let atMs = dayFromMs - 9 * 24 * hourMs + Math.floor(random() * 10.5 * 24 * hourMs);
    let seq = 0;
    const tell = (type: string, userId: string | undefined, body: ToldEntry["body"]): number => {
      const delayMs = random() < 0.1 ? Math.floor(random() * 30 * hourMs) : Math.floor(random() * 90_000);
      const arrivedAtMs = [atMs + delayMs, ...(random() < 0.2 ? [atMs + delayMs + 60_000] : [])];
      entries.push({ roomId, seq: ++seq, type, userId, createdAtMs: atMs, body, arrivedAtMs });
      return seq;
    };
    tell("room_created", undefined, { kind: pick(["group", "direct", "support"]) });
    for (let n = Math.floor(random() * 40); n > 0; n--) {
      atMs += Math.floor(random() ** 4 * 6 * hourMs);
      const userId = pick(userIds);
      if (random() < 0.85) tell("message_sent", userId, { content: { text: { text: "hello" } } });
      else {
        const isHeld = random() < 0.6;
        const card = { type: pick(["shop.v1.Order", "shop.v1.Coupon"]) };
        const target = tell("message_sent", userId, {
          content: { card },
          ...(isHeld && { hold_state: "HOLD_STATE_HELD" }),
        });
        atMs += 1_000;
        const ending = random();
        if (isHeld && ending < 0.4) tell("message_committed", userId, { target_seq: target });
        else if (isHeld && ending < 0.7)
          tell("message_cancelled", undefined, { target_seq: target, ...(ending < 0.55 && { expired: true }) });
        else if (ending > 0.9) tell("message_deleted", userId, { target_seq: target });
      }
      if (random() < 0.1) tell("reactions_changed", pick(userIds), { target_seq: seq, kinds: ["+"] });
    }
  }
  const edges = [dayFromMs - 1, dayFromMs, dayUntilMs - 1, dayUntilMs];
  for (const [n, createdAtMs] of edges.entries()) {
    const at = { createdAtMs, arrivedAtMs: [createdAtMs + 5], userId: `user-${n}` };
    entries.push({ ...at, roomId: `edge-${n}`, seq: 1, type: "room_created", body: { kind: "group" } });
    entries.push({
      ...at,
      roomId: `edge-${n}`,
      seq: 2,
      type: "message_sent",
      body: { content: { text: { text: "at the edge" } } },
    });
  }
  return entries;
}

export function toRecord(entry: ToldEntry, sequenceNumber: number): LambdaStreamRecord {
  const { roomId, seq, type, userId, createdAtMs, body } = entry;
  return {
    eventName: "INSERT",
    dynamodb: {
      ApproximateCreationDateTime: createdAtMs / 1000,
      SequenceNumber: String(sequenceNumber),
      NewImage: {
        room_id: { S: roomId },
        sk: { S: `log#${String(seq).padStart(10, "0")}` },
        seq: { N: String(seq) },
        type: { S: type },
        created_at: { S: new Date(createdAtMs).toISOString() },
        actor: userId === undefined ? { M: { system: { M: {} } } } : { M: { user_id: { S: userId } } },
        body: toAttribute(body),
      },
    },
  };
}

function toAttribute(value: unknown): unknown {
  if (typeof value === "string") return { S: value };
  if (typeof value === "number") return { N: String(value) };
  if (typeof value === "boolean") return { BOOL: value };
  if (Array.isArray(value)) return { L: value.map(toAttribute) };
  return { M: Object.fromEntries(Object.entries(value as object).map(([name, one]) => [name, toAttribute(one)])) };
}

function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
