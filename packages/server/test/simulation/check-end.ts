import { fromBinary } from "@bufbuild/protobuf";
import { deadLetterKey, deadLettersTopic, EventHeader, RoomEventSchema } from "@maru/protocol";
import type { LoggedEntry } from "../../src/domain/store.ts";
import { group, topics, type World } from "./world.ts";

/** What was promised, against what there is. */
export async function checkEnd(world: World, rooms: readonly string[]): Promise<string[]> {
  const violations: string[] = [];
  for (const roomId of rooms) {
    const table = await readTable(world, roomId);
    violations.push(
      ...checkTable(world, roomId, table),
      ...checkTopic(world, roomId, table.length),
      ...checkHandled(world, roomId, table.length),
      ...(world.weather.positions ? checkEffects(world, roomId, table.length) : []),
    );
  }
  return violations;
}

export function readTable({ store }: World, roomId: string): Promise<LoggedEntry[]> {
  return store.readEntries({ roomId, after: 0, limit: 100_000 });
}

function checkTable({ history }: World, roomId: string, table: readonly LoggedEntry[]): string[] {
  const violations = table.flatMap(({ entry }, index) =>
    entry.seq === index + 1 ? [] : [`the table has ${entry.seq} of ${roomId} at ${index + 1}`],
  );
  const seqsOf = new Map<string, number[]>();
  for (const { entry } of table) {
    if (entry.body.case !== "messageSent" || entry.body.value.content?.kind.case !== "text") continue;
    const { text } = entry.body.value.content.kind.value;
    seqsOf.set(text, [...(seqsOf.get(text) ?? []), entry.seq]);
  }
  for (const [text, seqs] of seqsOf) {
    if (seqs.length > 1) violations.push(`the table has ${text} ${seqs.length} times: ${seqs}`);
  }
  for (const acked of history.acked.filter((one) => one.roomId === roomId)) {
    const [seq] = seqsOf.get(acked.text) ?? [];
    if (seq !== acked.seq)
      violations.push(`${acked.text} was acknowledged as ${acked.seq}, and the table has it as ${seq}`);
  }
  return violations;
}

/** Repeats may be anywhere; what comes for the first time comes in order, and all of it. */
function checkTopic({ hosted, weather }: World, roomId: string, count: number): string[] {
  const violations: string[] = [];
  let last = 0;
  const seen = new Set<number>();
  for (const { value } of hosted.broker.topic(topics.roomEvents).records()) {
    const { entry, gap } = fromBinary(RoomEventSchema, value ?? new Uint8Array());
    const { roomId: ofRoom, seq } = entry ?? gap ?? { roomId: "", seq: 0 };
    if (ofRoom !== roomId || seen.has(seq)) continue;
    if (gap !== undefined) violations.push(`the topic has a gap in the place of ${seq} of ${roomId}`);
    seen.add(seq);
    // What an agent lost, and was not checkpointed, may come later.
    if (weather.hole === 0 && seq !== last + 1)
      violations.push(`the topic has ${seq} of ${roomId} after ${last} for the first time`);
    last = seq;
  }
  if (weather.hole === 0 && last !== count)
    violations.push(`the topic ends at ${last} of ${roomId}, the table at ${count}`);
  return violations;
}

function checkHandled(world: World, roomId: string, count: number): string[] {
  const { history, weather } = world;
  const violations: string[] = [];
  const handled = history.handled.filter((one) => one.roomId === roomId);
  // What one consumer skipped, another may handle as a repeat.
  const skipped = skippedKeys(world);
  const inOrder = handled.filter(({ seq }) => !skipped.has(deadLetterKey(roomId, seq)));
  const first = [...new Set(inOrder.map(({ seq }) => seq))];
  const wrong = first.findIndex((seq, index) => index > 0 && seq < (first[index - 1] ?? 0));
  if (wrong > 0 && weather.hole === 0)
    violations.push(`${first[wrong]} of ${roomId} was handled after ${first[wrong - 1]} for the first time`);
  const gaps = history.gaps.filter((gap) => gap.roomId === roomId);
  const isTold = (seq: number) => gaps.some((gap) => gap.firstMissingSeq <= seq && seq <= gap.lastMissingSeq);
  // What an agent lost shows between two others, and to a consumer that knows where it was before. The rest is the reconciler's.
  const inTopic = new Set(seqsInTopic(world, roomId));
  const [firstInTopic = 0] = inTopic;
  const isKnowable = (seq: number) => weather.positions && firstInTopic < seq && seq < Math.max(...inTopic);
  const isOut = (seq: number) => !inTopic.has(seq) || comesLate(inTopic, seq);
  const isExcused = (seq: number) =>
    weather.hole > 0 && (seq < firstInTopic || (isOut(seq) && (isTold(seq) || !isKnowable(seq))));
  const seen = new Set(handled.map(({ seq }) => seq));
  for (let seq = 1; seq <= count; seq++) {
    if (!seen.has(seq) && !isExcused(seq)) violations.push(`${seq} of ${roomId} was neither handled nor told as a gap`);
  }
  if (weather.hole === 0 && gaps.length > 0) violations.push(`a gap of ${roomId} was told, and nothing was lost`);
  return [...violations, ...checkAssignments(roomId, handled, weather.positions)];
}

/** What was ever put among the dead letters, and let its room go on. */
function skippedKeys({ hosted }: World): Set<string> {
  const topic = deadLettersTopic(group);
  if (!hosted.broker.topics.includes(topic)) return new Set();
  const records = hosted.broker.topic(topic).records();
  return new Set(records.map(({ key }) => Buffer.from(key).toString()));
}

function seqsInTopic({ hosted }: World, roomId: string): number[] {
  const records = hosted.broker.topic(topics.roomEvents).records();
  const ofRoom = records.filter(({ key }) => Buffer.from(key).toString() === roomId);
  return ofRoom.map(({ headers }) => Number(headers[EventHeader.seq]));
}

/** After one that should come later: an agent had lost it, and a relay that began anew brought it. */
function comesLate(inTopic: ReadonlySet<number>, seq: number): boolean {
  for (const other of inTopic) {
    if (other >= seq) return other > seq;
  }
  return false;
}

/** One consumer, for as long as it has a partition, goes forward only. */
function checkAssignments(roomId: string, handled: World["history"]["handled"], mayRetry: boolean): string[] {
  const lastOf = new Map<string, number>();
  const violations: string[] = [];
  for (const { seq, by, redelivered } of handled) {
    if (redelivered) continue;
    const last = lastOf.get(by) ?? 0;
    // A handler may have done its work, and the position not be stored: it is called again.
    if (mayRetry ? seq < last : seq <= last) violations.push(`${by} handled ${seq} of ${roomId} after ${last}`);
    lastOf.set(by, seq);
  }
  return violations;
}

/**
 * With positions, each entry has its effect once, and in order. One that was skipped comes again outside of that, once: what
 * another consumer did with it, when it had the partition at the same time, does not count.
 */
function checkEffects({ history, weather }: World, roomId: string, count: number): string[] {
  const ofRoom = history.effects.filter((effect) => effect.roomId === roomId);
  const inOrder = ofRoom.filter(({ redelivered }) => !redelivered).map(({ seq }) => seq);
  const wrong = inOrder.findIndex((seq, index) => seq <= (inOrder[index - 1] ?? 0));
  if (wrong > 0) return [`the effect of ${inOrder[wrong]} of ${roomId} came after that of ${inOrder[wrong - 1]}`];
  const redelivered = ofRoom.filter((effect) => effect.redelivered).map(({ seq }) => seq);
  if (redelivered.length > new Set(redelivered).size) return [`a skipped entry of ${roomId} had its effect twice`];
  const distinct = new Set(ofRoom.map(({ seq }) => seq));
  if (weather.hole === 0 && distinct.size !== count)
    return [`${distinct.size} entries of ${roomId} had an effect, and the table has ${count}`];
  return [];
}
