import { toJson } from "@bufbuild/protobuf";
import { timestampDate } from "@bufbuild/protobuf/wkt";
import type { ConsumedRecord } from "@maru/kafka";
import { type Actor, type Content, EntrySchema } from "@maru/protocol";
import { parseEvent } from "../events/decode.ts";
import type { ReplayStep } from "../events/replay-steps.ts";
import { toOneLine } from "./columns.ts";
import { delaysOf, type EventStamps } from "./event-delays.ts";

/** The stamps of an event. Those of different machines are of different clocks; the stream's shows whole seconds. */
export function stampsOf(record: ConsumedRecord | undefined, here: Date): EventStamps {
  if (record === undefined) {
    return { committed: undefined, streamed: undefined, relayed: undefined, kafka: undefined, here };
  }
  const { committedAt, streamedAt, relayedAt } = parseEvent(record);
  return {
    committed: committedAt && timestampDate(committedAt),
    streamed: streamedAt && timestampDate(streamedAt),
    relayed: relayedAt && timestampDate(relayedAt),
    kafka: new Date(record.timestampMs),
    here,
  };
}

/** An event or a gap for people, on one line. */
export function toEventLine({ what, record }: ReplayStep, here: Date): string {
  const at = here.toISOString().slice(11, 23);
  if (what.kind === "gap") {
    const { roomId, firstMissingSeq, lastMissingSeq, reason } = what;
    return `${at}  ${roomId}  ${firstMissingSeq} to ${lastMissingSeq} cannot be had: ${reason}\n`;
  }
  const { roomId, seq, type, entry, healed } = what;
  const said = what.body === undefined ? "" : contentLine(what.body);
  const delays = `[${record === undefined ? "from the table" : delaysOf(stampsOf(record, here))}${healed && record !== undefined ? ", healed" : ""}]`;
  return `${[at, roomId, seq, type, actorName(entry.actor), said, delays].filter((part) => part !== "").join("  ")}\n`;
}

/** The same for programs, to be written as JSON. */
export function toEventJson({ what, record }: ReplayStep, here: Date): object {
  if (what.kind === "gap") {
    const { kind, roomId, firstMissingSeq, lastMissingSeq, reason } = what;
    return { kind, roomId, firstMissingSeq, lastMissingSeq, reason };
  }
  const { roomId, seq, type, healed, entry } = what;
  const place = record && { topic: record.topic, partition: record.partition, offset: record.offset };
  return {
    kind: "event",
    roomId,
    seq,
    type,
    healed,
    at: stampsOf(record, here),
    ...place,
    entry: toJson(EntrySchema, entry),
  };
}

function actorName(actor: Actor | undefined): string {
  const { case: kind, value } = actor?.kind ?? { case: undefined, value: undefined };
  return kind === "userId" ? value : (kind ?? "");
}

/** What the body says, short: a message's content, in whichever field of it. */
function contentLine(body: object): string {
  const message = Reflect.get(body, "message") as object | undefined;
  const content = (Reflect.get(body, "content") ?? (message && Reflect.get(message, "content"))) as Content | undefined;
  switch (content?.kind.case) {
    case "text":
      return JSON.stringify(toOneLine(content.kind.value.text, 60));
    case "card":
      return `card ${content.kind.value.type}`;
    default:
      return content?.kind.case ?? "";
  }
}
