import type { RoomProducer } from "@maru/kafka";
import type { Clock } from "../domain/clock.ts";
import type { Store } from "../domain/store.ts";
import { type OpenLetter, overLetter } from "./open-letters.ts";
import { type EventOrigin, toEntryEvent } from "./to-event.ts";

export interface RedriveDeps {
  readonly store: Pick<Store, "readEntry">;
  readonly producer: Pick<RoomProducer, "send">;
  readonly clock: Clock;
  readonly origin: Pick<EventOrigin, "topics" | "source">;
  readonly deadLetterTopic: string;
}

export type RedriveOutcome = { readonly kind: "redriven" } | { readonly kind: "refused"; readonly why: string };

/** Hands on the entry of a letter, whose item was mended, as a healed event; then the letter is over. */
export async function redriveLetter(deps: RedriveDeps, letter: OpenLetter): Promise<RedriveOutcome> {
  const { store, producer, clock, origin, deadLetterTopic } = deps;
  const { roomId, seq } = letter;
  if (seq === undefined) return refused("its sort key is no number, so it is no entry: close it");
  const entry = await store.readEntry(roomId, seq);
  if (entry === undefined) return refused("its item is not in the table: put it there, or close the letter");
  if (entry.unreadable !== undefined) return refused(`its item in the table cannot be read yet: ${entry.unreadable}`);
  const { type, body } = entry.entry;
  if (body.case === undefined) return refused(`its type "${type}" is not known to this version`);
  const healing = { ...origin, relayedAtMs: clock.nowMs(), healed: true };
  const { topic, ...event } = toEntryEvent({ kind: "entry", entry, committedAtMs: entry.appendedAtMs }, healing);
  await producer.send(topic, event);
  await producer.send(deadLetterTopic, overLetter(letter));
  return { kind: "redriven" };
}

function refused(why: string): RedriveOutcome {
  return { kind: "refused", why };
}
