import { create } from "@bufbuild/protobuf";
import { timestampMs } from "@bufbuild/protobuf/wkt";
import { type Actor, type Entry, EntrySchema, HoldState, type Message, MessageSchema } from "@maru/protocol";
import { senderOf } from "../log/request-key.ts";

/** Who reads: a user sees held messages of their own only; undefined stands for a service, which sees all. */
export type Viewer = Actor | undefined;

/** The entry as the viewer may see it now. A hold that has run out is cancelled, whether a job has said so or not. */
export function toVisible(entry: Entry, viewer: Viewer, nowMs: number): Entry {
  if (entry.body.case !== "messageSent") return entry;
  const message = entry.body.value;
  if (message.holdState !== HoldState.HELD) return entry;
  if (hasExpired(message, nowMs)) {
    return withMessage(entry, toCancelled(message));
  }
  const isOwn = viewer?.kind.case === "userId" && senderOf(viewer) === senderOf(entry.actor);
  const seesContent = viewer?.kind.case !== "userId" || isOwn;
  return seesContent ? entry : withMessage(entry, withoutContent(message));
}

/** As events tell it: a held message has its number and no content. The commit's own entry brings that. */
export function withoutHeldContent(entry: Entry): Entry {
  if (entry.body.case !== "messageSent" || entry.body.value.holdState !== HoldState.HELD) return entry;
  return withMessage(entry, withoutContent(entry.body.value));
}

export function hasExpired({ holdState, holdExpiresAt }: Message, nowMs: number): boolean {
  return holdState === HoldState.HELD && holdExpiresAt !== undefined && timestampMs(holdExpiresAt) <= nowMs;
}

/** What is left of a held message that was given up. */
export function toCancelled(message: Message): Message {
  return { ...withoutContent(message), holdState: HoldState.CANCELLED, holdExpiresAt: undefined };
}

export function withoutContent(message: Message): Message {
  return create(MessageSchema, { ...message, content: undefined, mentions: [] });
}

function withMessage(entry: Entry, value: Message): Entry {
  return create(EntrySchema, { ...entry, body: { case: "messageSent", value } });
}
