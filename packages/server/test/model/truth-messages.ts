import { timestampMs } from "@bufbuild/protobuf/wkt";
import { type Actor, type Content, type Entry, HoldState, type Message, type ReactionCount } from "@maru/protocol";
import { cardText } from "./model-cards.ts";
import type { TruthEntry } from "./truth.ts";
import { foldErasure } from "./truth-erasure.ts";

/** A message as the log says that it is. */
export interface TruthMessage {
  readonly seq: number;
  readonly author: string;
  readonly createdAtMs: number;
  readonly text: string | undefined;
  readonly versions: readonly { readonly seq: number; readonly text: string | undefined }[];
  /** Entries that brought content of the message beside its own. */
  readonly carriers: readonly number[];
  /** The entry by which everybody sees it; 0 as long as that is none. */
  readonly shownAt: number;
  readonly editedAtMs: number | undefined;
  readonly editCount: number;
  readonly hold: HoldState;
  readonly expiresAtMs: number | undefined;
  readonly deletedBy: string | undefined;
  readonly reactions: ReadonlyMap<string, readonly string[]>;
  /** In order of first use. */
  readonly counts: readonly (readonly [string, number])[];
  readonly pinned: boolean;
}

/** All messages behind an entry. */
export interface TruthMessages {
  readonly bySeq: ReadonlyMap<number, TruthMessage>;
  /** The newest pin last. */
  readonly pins: readonly number[];
  /** Entries beside the messages' own from which content was taken away. */
  readonly emptied: ReadonlySet<number>;
  /** Entries that no longer know the request that made them. */
  readonly unhashed: ReadonlySet<number>;
}

const empty: TruthMessages = { bySeq: new Map(), pins: [], emptied: new Set(), unhashed: new Set() };

/** Messages behind each entry; index 0 is before the first. Folded, slowly and plainly, from the entries as first written. */
export function foldMessages(entries: readonly TruthEntry[]): TruthMessages[] {
  const states = [empty];
  for (const own of entries) {
    const before = states.at(-1) ?? empty;
    const { body } = own.logged.entry;
    const isErasure = body.case === "userErased";
    states.push(isErasure ? foldErasure(before, entries, own, body.value.userId) : foldEntry(before, own.logged.entry));
  }
  return states;
}

function foldEntry(state: TruthMessages, entry: Entry): TruthMessages {
  const { body, seq } = entry;
  if (body.case === "messageSent") return withMessage(state, sent(entry, body.value));
  const targetSeq = (body.value as { targetSeq?: number } | undefined)?.targetSeq ?? 0;
  const target = state.bySeq.get(targetSeq);
  if (target === undefined) return state;
  const changed = (fields: Partial<TruthMessage>) => withMessage(state, { ...target, ...fields });
  switch (body.case) {
    case "messageEdited":
    case "cardUpdated": {
      const text = besideText(entry);
      const versions = [...target.versions, { seq, text }];
      const carriers = [...target.carriers, seq];
      return changed({ text, versions, carriers, editCount: target.editCount + 1, editedAtMs: createdAtMs(entry) });
    }
    case "messageDeleted": {
      const hold = target.hold === HoldState.HELD ? HoldState.CANCELLED : target.hold;
      const gone = { text: undefined, versions: [], reactions: new Map(), counts: [], pinned: false, hold };
      const after = changed({ ...gone, expiresAtMs: undefined, deletedBy: `${nameOf(entry.actor)} at ${seq}` });
      const emptied = new Set([...state.emptied, ...target.carriers]);
      return { ...after, emptied, pins: state.pins.filter((other) => other !== targetSeq) };
    }
    case "messageCommitted": {
      const carriers = [...target.carriers, seq];
      return changed({ hold: HoldState.COMMITTED, expiresAtMs: undefined, carriers, shownAt: seq });
    }
    case "messageCancelled":
      return changed({ hold: HoldState.CANCELLED, expiresAtMs: undefined, text: undefined, versions: [] });
    case "reactionsChanged": {
      const reactions = new Map(target.reactions);
      reactions.delete(body.value.userId);
      if (body.value.kinds.length > 0) reactions.set(body.value.userId, body.value.kinds);
      return changed({ reactions, counts: count(target.counts, reactions, body.value.kinds) });
    }
    case "messagePinned":
      return { ...changed({ pinned: true }), pins: [...state.pins, targetSeq] };
    case "messageUnpinned":
      return { ...changed({ pinned: false }), pins: state.pins.filter((other) => other !== targetSeq) };
    default:
      return state;
  }
}

function sent(entry: Entry, message: Message): TruthMessage {
  const text = textOf(message.content);
  return {
    seq: entry.seq,
    author: nameOf(entry.actor),
    createdAtMs: createdAtMs(entry),
    text,
    versions: [{ seq: entry.seq, text }],
    carriers: [],
    shownAt: message.holdState === HoldState.UNSPECIFIED ? entry.seq : 0,
    editedAtMs: undefined,
    editCount: 0,
    hold: message.holdState,
    expiresAtMs: message.holdExpiresAt && timestampMs(message.holdExpiresAt),
    deletedBy: undefined,
    reactions: new Map(),
    counts: [],
    pinned: false,
  };
}

function withMessage(state: TruthMessages, message: TruthMessage): TruthMessages {
  return { ...state, bySeq: new Map(state.bySeq).set(message.seq, message) };
}

export function count(before: TruthMessage["counts"], reactions: TruthMessage["reactions"], added: readonly string[]) {
  const kinds = [...before.map(([kind]) => kind), ...added];
  return [...new Set(kinds)].flatMap((kind) => {
    const userCount = [...reactions.values()].filter((set) => set.includes(kind)).length;
    return userCount === 0 ? [] : [[kind, userCount] as const];
  });
}

export function hasRunOut({ hold, expiresAtMs }: TruthMessage, nowMs: number): boolean {
  return hold === HoldState.HELD && expiresAtMs !== undefined && expiresAtMs <= nowMs;
}

/** As the viewer may see it: undefined stands for a service. */
export function seenBy(message: TruthMessage, viewer: string | undefined, nowMs: number): TruthMessage {
  if (hasRunOut(message, nowMs)) {
    return { ...message, text: undefined, versions: [], hold: HoldState.CANCELLED, expiresAtMs: undefined };
  }
  const isHidden = message.hold === HoldState.HELD && viewer !== undefined && viewer !== message.author;
  return isHidden ? { ...message, text: undefined, versions: [] } : message;
}

/** As text, to compare and to show. */
export function truthText(message: TruthMessage): string {
  const { text, editCount, editedAtMs, hold, expiresAtMs, deletedBy, counts, pinned } = message;
  return JSON.stringify([text, editCount, editedAtMs, hold, expiresAtMs, deletedBy, counts, pinned]);
}

/** The same of a message of the contract. */
export function messageText(message: Message): string {
  const { content, editCount, editedAt, holdState, holdExpiresAt, deletion, reactions, pinned } = message;
  return JSON.stringify([
    textOf(content),
    editCount,
    editedAt && timestampMs(editedAt),
    holdState,
    holdExpiresAt && timestampMs(holdExpiresAt),
    deletion && `${nameOf(deletion.actor)} at ${deletion.seq}`,
    countsOf(reactions),
    pinned,
  ]);
}

export function countsOf(reactions: readonly ReactionCount[]): [string, number][] {
  return reactions.map(({ kind, userCount }) => [kind, userCount]);
}

export function textOf(content: Content | undefined): string | undefined {
  if (content?.kind.case === "card") return cardText(content.kind.value);
  return content?.kind.case === "text" ? content.kind.value.text : undefined;
}

/** What an entry beside the messages' own brings of content. */
export function besideText({ body }: Entry): string {
  switch (body.case) {
    case "messageEdited":
      return textOf(body.value.content) ?? "";
    case "cardUpdated":
      return cardText(body.value.card) ?? "";
    case "messageCommitted":
      return textOf(body.value.message?.content) ?? "";
    case "reactionsChanged":
      return body.value.kinds.join();
    default:
      return "";
  }
}

export function nameOf(actor: Actor | undefined): string {
  return actor?.kind.case === "userId" ? actor.kind.value : (actor?.kind.case ?? "");
}

function createdAtMs({ createdAt }: Entry): number {
  return createdAt === undefined ? 0 : timestampMs(createdAt);
}
