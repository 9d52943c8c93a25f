import { dayFromMs, dayUntilMs, regionOf, type ToldEntry } from "./day-of-rooms.ts";

/** The numbers of every statistics file, counted by loops over what was told: slow, and easy to believe. */
export function obviousStatistics(entries: readonly ToldEntry[]): Record<string, unknown[][]> {
  const isToday = ({ createdAtMs }: ToldEntry): boolean => createdAtMs >= dayFromMs && createdAtMs < dayUntilMs;
  const today = entries.filter(isToday);
  const sent = today.filter(({ type }) => type === "message_sent");
  return {
    messages: [[sent.length, distinct(sent.map(({ roomId }) => roomId)), distinct(sent.map(({ userId }) => userId))]],
    rooms_opened: counted(today.filter(({ type }) => type === "room_created").map(({ body }) => [body.kind])),
    active_users: [[distinct(today.flatMap(({ userId }) => userId ?? []))]],
    messages_per_room: [perRoom(sent)],
    returning_users: [returning(entries)],
    cards: counted(cardsOf(entries, sent)),
    messages_by_region: byRegion(sent),
    ...answers(entries),
  };
}

function perRoom(sent: readonly ToldEntry[]): unknown[] {
  const counts = [...Map.groupBy(sent, ({ roomId }) => roomId).values()]
    .map((room) => room.length)
    .sort((a, b) => a - b);
  return [counts.length, sent.length / counts.length, nth(counts, 0.5), nth(counts, 0.9), counts.at(-1)];
}

function returning(entries: readonly ToldEntry[]): unknown[] {
  const writers = (fromMs: number, untilMs: number): Set<string | undefined> =>
    new Set(
      entries
        .filter(({ type, createdAtMs }) => type === "message_sent" && createdAtMs >= fromMs && createdAtMs < untilMs)
        .map(({ userId }) => userId),
    );
  const [now, before] = [writers(dayFromMs, dayUntilMs), writers(dayFromMs - 7 * 86_400_000, dayFromMs)];
  return [now.size, [...now].filter((userId) => before.has(userId)).length];
}

function cardsOf(entries: readonly ToldEntry[], sent: readonly ToldEntry[]): unknown[][] {
  const endMs = dayUntilMs + 86_400_000;
  const cards: unknown[][] = [];
  for (const card of sent) {
    const { content, hold_state } = card.body as { content: { card?: { type: string } }; hold_state?: string };
    if (content.card === undefined) continue;
    let outcome = hold_state === undefined ? "sent" : "held";
    for (const later of entries) {
      if (later.roomId !== card.roomId || later.body.target_seq !== card.seq || later.createdAtMs >= endMs) continue;
      if (later.type === "message_committed") outcome = "committed";
      if (later.type === "message_cancelled") outcome = later.body.expired ? "expired" : "cancelled";
      if (later.type === "message_deleted") outcome = "deleted";
    }
    cards.push([content.card.type, outcome]);
  }
  return cards;
}

function byRegion(sent: readonly ToldEntry[]): unknown[][] {
  const regions = Map.groupBy(sent, ({ userId }) => regionOf(userId ?? "") ?? "unknown");
  return [...regions]
    .map(([region, messages]) => [region, messages.length, distinct(messages.map(({ userId }) => userId))])
    .sort((a, b) => (String(a[0]) < String(b[0]) ? -1 : 1));
}

function answers(entries: readonly ToldEntry[]): Record<string, unknown[][]> {
  const delays: (number | undefined)[] = [];
  for (const opening of entries) {
    if (opening.type !== "room_created" || opening.createdAtMs < dayFromMs || opening.createdAtMs >= dayUntilMs)
      continue;
    const messages = entries
      .filter(
        ({ roomId, type, createdAtMs }) =>
          roomId === opening.roomId && type === "message_sent" && createdAtMs < dayUntilMs + 86_400_000,
      )
      .sort((a, b) => a.seq - b.seq);
    const [first] = messages;
    if (first === undefined) continue;
    const answer = messages.find(({ userId }) => userId !== first.userId);
    delays.push(answer && answer.createdAtMs - first.createdAtMs);
  }
  const answered = delays.filter((delay) => delay !== undefined).sort((a, b) => a - b);
  const inAnHour = answered.filter((delay) => delay <= 3_600_000).length;
  return {
    first_answer: [
      [delays.length, answered.length, nth(answered, 0.5), nth(answered, 0.9), inAnHour, inAnHour / delays.length],
    ],
  };
}

/** How often each combination is there, in order. */
function counted(rows: readonly unknown[][]): unknown[][] {
  const groups = Map.groupBy(rows, (row) => JSON.stringify(row));
  return [...groups]
    .map(([key, group]) => [...JSON.parse(key), group.length])
    .sort((a, b) => (`${a}` < `${b}` ? -1 : 1));
}

/** The nearest rank. */
function nth(sorted: readonly number[], share: number): number | null {
  return sorted[Math.ceil(sorted.length * share) - 1] ?? null;
}

function distinct(values: readonly unknown[]): number {
  return new Set(values).size;
}
