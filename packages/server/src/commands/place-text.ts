import { type Timestamp, timestampMs } from "@bufbuild/protobuf/wkt";
import { EntryPresence, type GroupPosition, type TopicOccurrence, type WhereIsResponse } from "@maru/protocol";

/** Where an entry is, as a small timeline: each line says when, and how long after the commit. */
export function placeText(roomId: string, seq: number, place: WhereIsResponse): string {
  return [`${roomId}/${seq}`, ...tableLines(seq, place), ...topicLines(place)].join("\n");
}

function tableLines(seq: number, place: WhereIsResponse): string[] {
  const { presence, type, caller, committedAt, contentRemoved, lastSeq, purgedBelow } = place;
  const log = `the log ends with ${lastSeq}${purgedBelow > 0 ? `, and may lack messages below ${purgedBelow}` : ""}`;
  switch (presence) {
    case EntryPresence.STORED: {
      const removed = contentRemoved ? ", its content removed since" : "";
      return [line(committedAt, undefined, `table   ${type} by ${caller}${removed}; ${log}`)];
    }
    case EntryPresence.PURGED:
      return [line(undefined, undefined, `table   removed by retention; ${log}`)];
    case EntryPresence.NOT_WRITTEN:
      return [line(undefined, undefined, `table   not written yet; ${log}`)];
    default:
      return [line(undefined, undefined, `table   entry ${seq} is MISSING; ${log}`)];
  }
}

function topicLines(place: WhereIsResponse): string[] {
  const { presence, topicUnavailable, topic, partition, occurrences, committedAt, groups } = place;
  if (topicUnavailable !== "") return [line(undefined, undefined, `topic   not asked: ${topicUnavailable}`)];
  if (presence === EntryPresence.NOT_WRITTEN) return [];
  const where = `${topic}/${partition}`;
  const { searchedFromOffset: from, searchedUntilOffset: until } = place;
  const found = occurrences.flatMap((one, index) => occurrenceLines(one, index, where, committedAt));
  const none = line(undefined, undefined, `topic   NOT in ${where} between the offsets ${from} and ${until}`);
  return [...(found.length > 0 ? found : [none]), ...groups.map(groupLine)];
}

function occurrenceLines(
  { offset, storedAt, streamedAt, relayedAt, healed, gap }: TopicOccurrence,
  index: number,
  where: string,
  committedAt: Timestamp | undefined,
): string[] {
  const notes = [index > 0 ? "a repeat" : "", healed ? "healed" : "", gap ? "only the word that it is unreadable" : ""];
  const note = notes.filter((one) => one !== "").join(", ");
  return [
    ...(streamedAt === undefined ? [] : [line(streamedAt, committedAt, "stream  by the second")]),
    ...(relayedAt === undefined ? [] : [line(relayedAt, committedAt, "relay")]),
    line(storedAt, committedAt, `topic   ${where} offset ${offset}${note === "" ? "" : ` (${note})`}`),
  ];
}

function groupLine({ group, committedOffset, passed, lag }: GroupPosition): string {
  const verdict = passed ? "passed" : "has NOT passed";
  return line(
    undefined,
    undefined,
    `group   ${group} ${verdict}: it goes on at ${committedOffset}, ${lag} behind the end`,
  );
}

function line(at: Timestamp | undefined, since: Timestamp | undefined, text: string): string {
  const time = at === undefined ? "" : new Date(timestampMs(at)).toISOString();
  const after = at === undefined || since === undefined ? "" : `+${timestampMs(at) - timestampMs(since)} ms`;
  return `  ${time.padEnd(24)}  ${after.padStart(9)}  ${text}`;
}
