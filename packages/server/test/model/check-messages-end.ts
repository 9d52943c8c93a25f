import { type Entry, HoldState, MemberRole } from "@maru/protocol";
import type { LoggedEntry, Store } from "../../src/domain/store.ts";
import { setText } from "./check-message-write.ts";
import { scopeOfEntry } from "./keys.ts";
import type { MessageWindows, Moment } from "./message-windows.ts";
import { isCardText, ownType } from "./model-cards.ts";
import { editWindowMs, messageLimits } from "./serve-message.ts";
import { isThere, type TruthEntry } from "./truth.ts";
import { blockText, isBlocked } from "./truth-blocks.ts";
import { besideText, hasRunOut, messageText, nameOf, type TruthMessage, textOf, truthText } from "./truth-messages.ts";

const all = 100_000;

/** The table at the end: every message is what the log folds to, and every entry was legal at its place. */
export async function checkMessagesEnd(store: Store, roomId: string, windows: MessageWindows): Promise<string[]> {
  const { truth, moments, pair } = windows;
  const last = moments.at(-1) as Moment;
  const wrong = truth.entries.flatMap((entry, index) => checkLegal(entry, moments[index] as Moment, pair));
  const uses = new Set<string>();
  for (const { logged } of truth.entries) {
    const scope = scopeOfEntry(logged.entry);
    if (uses.has(scope)) wrong.push(`entry ${logged.entry.seq} uses the key ${scope} again`);
    uses.add(scope);
  }
  const held = new Map((await store.readEntries({ roomId, limit: all })).map((logged) => [logged.entry.seq, logged]));
  for (const { logged, removed } of truth.entries) {
    const found = held.get(logged.entry.seq);
    if (found === undefined) {
      if (removed === undefined) wrong.push(`entry ${logged.entry.seq} is gone`);
    } else {
      wrong.push(...checkStored(found, logged, last).map((what) => `entry ${logged.entry.seq} ${what}`));
    }
  }
  const room = await store.readRoom(roomId);
  if (room?.pinnedSeqs.join() !== last.messages.pins.join()) {
    wrong.push(`meta pins ${room?.pinnedSeqs.join()}, the log ${last.messages.pins.join()}`);
  }
  const listed = (await store.listHeldMessages(undefined, all)).filter((place) => place.roomId === roomId);
  const open = [...last.messages.bySeq.values()].filter(({ hold, seq }) => hold === HoldState.HELD && held.has(seq));
  if (seqsOf(listed) !== seqsOf(open)) {
    wrong.push(`held messages are listed as ${seqsOf(listed)}, the log says ${seqsOf(open)}`);
  }
  const members = await store.listMembers(roomId, undefined, all);
  const blocks = members.flatMap(({ userId, blockedUserIds }) => blockedUserIds.map((one) => blockText(userId, one)));
  if (setText(blocks) !== setText([...last.blocks])) {
    wrong.push(`the table says ${setText(blocks)}, the log ${setText([...last.blocks])}`);
  }
  return wrong;
}

function seqsOf(places: readonly { readonly seq: number }[]): string {
  return places
    .map(({ seq }) => seq)
    .toSorted((a, b) => a - b)
    .join();
}

/** An entry as it lies in the table, held against how it was written and what the log made of it. */
function checkStored(found: LoggedEntry, written: LoggedEntry, { messages }: Moment): string[] {
  const wrong: string[] = [];
  const { body } = found.entry;
  if (body.case !== written.entry.body.case) return [`became ${body.case}`];
  const requestHash = messages.unhashed.has(found.entry.seq) ? undefined : written.requestHash;
  if (found.requestHash !== requestHash) wrong.push("has another request hash");
  if (found.entry.idempotencyKey !== written.entry.idempotencyKey) wrong.push("has another key");
  if (found.appendedAtMs !== written.appendedAtMs) wrong.push("was appended at another time");
  switch (body.case) {
    case "messageSent": {
      const message = messages.bySeq.get(found.entry.seq) as TruthMessage;
      if (messageText(body.value) !== truthText(message)) {
        wrong.push(`is ${messageText(body.value)}, the log says ${truthText(message)}`);
      }
      const kept = [...(found.record?.reactions ?? [])].toSorted();
      if (JSON.stringify(kept) !== JSON.stringify([...message.reactions].toSorted()))
        wrong.push("keeps other reactions");
      const original = message.versions.length > 1 ? message.versions[0]?.text : undefined;
      const first = textOf(found.record?.original?.content);
      if (first !== original) wrong.push(`keeps ${first} as its first version, the log says ${original}`);
      break;
    }
    default: {
      const expected = messages.emptied.has(found.entry.seq) ? "" : besideText(written.entry);
      const said = besideText(found.entry);
      if (said !== expected) wrong.push(`says ${said} and not ${expected}`);
    }
  }
  return wrong;
}

/** Whether an entry was legal at its place: judged by what was before it. */
function checkLegal({ logged }: TruthEntry, before: Moment, pair: readonly string[]): string[] {
  const { entry, appendedAtMs } = logged;
  const wrong: string[] = [];
  const say = (what: string) => wrong.push(`entry ${entry.seq} (${entry.type}): ${what}`);
  const actor = nameOf(entry.actor);
  const isUser = entry.actor?.kind.case === "userId";
  if (isUser && !isThere(before.members.get(actor))) say(`${actor} was not a member`);
  const writes = entry.body.case !== "userBlocked" && entry.body.case !== "userUnblocked";
  if (isUser && writes && isBlocked(before.blocks, pair, actor)) say(`${actor} was blocked, or had blocked`);
  if (entry.body.case === "userBlocked" || entry.body.case === "userUnblocked") {
    const { byUserId, userId } = entry.body.value;
    if (byUserId !== actor || !pair.includes(actor) || !pair.includes(userId)) say("is none of this user's");
    if (before.blocks.has(blockText(byUserId, userId)) === (entry.body.case === "userBlocked")) say("changes nothing");
  }
  const targetSeq = (entry.body.value as { targetSeq?: number } | undefined)?.targetSeq;
  if (targetSeq === undefined) return wrong;
  const target = before.messages.bySeq.get(targetSeq);
  if (target === undefined) return [...wrong, `entry ${entry.seq} is about ${targetSeq}, which is no message`];
  illegal(entry, target, before, appendedAtMs).forEach(say);
  return wrong;
}

function illegal({ actor, body }: Entry, target: TruthMessage, before: Moment, atMs: number): string[] {
  const wrong: string[] = [];
  const name = nameOf(actor);
  const isService = actor?.kind.case !== "userId";
  const isOwn = target.author === name;
  const isHeld = target.hold === HoldState.HELD;
  const isShown = !isHeld && target.hold !== HoldState.CANCELLED && target.deletedBy === undefined;
  const require = (isTrue: boolean, what: string) => void (isTrue || wrong.push(what));
  switch (body.case) {
    case "messageEdited":
      require(isShown, "edits what is not shown");
      require(isOwn, "edits another's message");
      require(!isCardText(target.text), "edits a card");
      require(target.text !== textOf(body.value.content), "changes nothing");
      require(body.value.editCount === target.editCount + 1, `is no ${body.value.editCount}th edit`);
      require(target.editCount < messageLimits.maxEdits, "is one edit too many");
      require(atMs - target.createdAtMs <= editWindowMs, "comes too late");
      break;
    case "cardUpdated":
      require(isShown, "updates what is not shown");
      require(isService, "is a user's");
      require(body.value.card?.type === ownType, "is of another service's type");
      require(isCardText(target.text), "updates what is no card");
      require(body.value.editCount === target.editCount + 1, `is no ${body.value.editCount}th edit`);
      require(target.editCount < messageLimits.maxEdits, "is one edit too many");
      break;
    case "messageDeleted":
      require(target.deletedBy === undefined, "deletes what is deleted");
      require(isService || isOwn || before.members.get(name)?.role === MemberRole.ADMIN, "deletes another's message");
      break;
    case "reactionsChanged": {
      const { userId, kinds } = body.value;
      const users = new Set([...target.reactions.keys(), userId]);
      require(isShown, "reacts to what is not shown");
      require(userId === name, "is another's reaction");
      require(setText(target.reactions.get(userId) ?? []) !== setText(kinds), "changes nothing");
      require(kinds.length === 0 || users.size <= messageLimits.maxReactingUsers, "is one user too many");
      break;
    }
    case "messagePinned":
      require(isShown, "pins what is not shown");
      require(!target.pinned, "pins what is pinned");
      require(before.messages.pins.length < messageLimits.maxPins, "is one pin too many");
      break;
    case "messageUnpinned":
      require(before.messages.pins.includes(target.seq), "takes back a pin that is none");
      break;
    case "messageCommitted":
      require(isService, "is committed by a user");
      require(isHeld && !hasRunOut(target, atMs), "commits what is not held");
      require(textOf(body.value.message?.content) === target.text, "commits another content");
      break;
    case "messageCancelled":
      require(isService || isOwn, "cancels another's message");
      require(isHeld && hasRunOut(target, atMs) === body.value.expired, "cancels what is not held, or not in time");
      break;
  }
  return wrong;
}
