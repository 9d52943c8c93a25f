import type { Dice } from "./dice.ts";
import { othersType, ownType } from "./model-cards.ts";
import { uuidv7 } from "./uuidv7.ts";
import type { World } from "./world.ts";

/** A request that writes. A retry is the same object again. */
export type MessageWrite = Act &
  (
    | { readonly kind: "send"; readonly text: string; readonly holdMs: number }
    | { readonly kind: "edit"; readonly seq: number; readonly text: string }
    | { readonly kind: "updateCard"; readonly seq: number; readonly text: string; readonly type: string }
    | { readonly kind: "delete" | "pin" | "unpin" | "commit" | "cancel"; readonly seq: number }
    | { readonly kind: "react"; readonly seq: number; readonly kinds: readonly string[] }
    | { readonly kind: "add" | "remove"; readonly userIds: readonly string[] }
    | { readonly kind: "block" | "unblock"; readonly userId: string }
  );

interface Act {
  /** A user, or `service`. */
  readonly actor: string;
  readonly key: string;
  readonly bornAtMs: number;
}

/** `viewer`: a user; undefined for a service. */
export type MessageRead =
  | { readonly kind: "get" | "versions"; readonly seq: number; readonly viewer: string | undefined }
  | { readonly kind: "list" | "pinned"; readonly viewer: string | undefined }
  | { readonly kind: "reactions"; readonly seq: number }
  | { readonly kind: "unread"; readonly userId: string }
  | { readonly kind: "entries" };

export type MessageCommand =
  | MessageWrite
  | MessageRead
  | { readonly kind: "markRead"; readonly userId: string; readonly seq: number }
  | { readonly kind: "erase"; readonly userId: string }
  | { readonly kind: "expire" }
  | { readonly kind: "purge"; readonly below: number };

export function isMessageWrite(command: MessageCommand): command is MessageWrite {
  return "key" in command;
}

export function isMessageRead(command: MessageCommand): command is MessageRead {
  return !isMessageWrite(command) && !others.includes(command.kind);
}

const others: readonly MessageCommand["kind"][] = ["markRead", "erase", "expire", "purge"];

export const users = ["ann", "bob", "cem", "dee"];
/** Those who define the room, where it is a direct one. */
export const directUsers = users.slice(0, 2);
const reactionKinds = ["x", "y", "z"];
const texts = ["same", "again"];

type Name = MessageCommand["kind"] | "retry" | "reuse";

/** How often each comes in one run: some runs have much of one and none of another. */
function drawWeights(dice: Dice): Record<Name, number> {
  const often = () => 0.3 + dice.next();
  const seldom = () => (dice.chance(0.3) ? 0 : dice.next() * 0.6);
  return {
    send: 1 + often(),
    retry: often(),
    reuse: seldom() * 0.3,
    edit: often(),
    updateCard: seldom() * 1.5,
    delete: seldom() * 0.7,
    react: often(),
    pin: seldom(),
    unpin: seldom(),
    commit: often(),
    cancel: seldom(),
    add: seldom() * 0.4,
    remove: seldom() * 0.3,
    get: seldom(),
    versions: seldom(),
    list: seldom() * 0.5,
    pinned: seldom() * 0.5,
    reactions: seldom() * 0.5,
    entries: seldom() * 0.5,
    unread: seldom(),
    markRead: seldom() * 0.5,
    erase: dice.chance(0.4) ? 0 : dice.next() * 0.15,
    block: seldom() * 0.3,
    unblock: seldom() * 0.5,
    expire: seldom(),
    purge: seldom() * 0.3,
  };
}

/** What a client does next. Most acts are about few messages, so that they meet. */
export function createMessageSource(world: World) {
  const { dice, truth } = world;
  const weights = drawWeights(dice);
  const cards = weights.updateCard === 0 ? 0 : 0.4;
  let requests = 0;

  const newKey = () => {
    // Now and then a request that lay about for days.
    const ageMs = dice.chance(0.05) ? dice.int(1, 72) * 3_600_000 : dice.int(-15_000, 25_000);
    const bornAtMs = world.nowMs() - ageMs;
    return { key: uuidv7(dice, bornAtMs), bornAtMs };
  };
  const isMessage = (seq: number) => truth.entries[seq - 1]?.logged.entry.type === "message_sent";
  const isCard = (seq: number) => {
    const body = truth.entries[seq - 1]?.logged.entry.body;
    return body?.case === "messageSent" && body.value.content?.kind.case === "card";
  };
  const someSeq = (isWanted = isMessage) => {
    const last = truth.entries.length;
    if (dice.chance(0.1)) return dice.int(1, last + 2);
    const seqs = Array.from({ length: last }, (_, index) => index + 1).filter(isWanted);
    if (seqs.length === 0) return 2;
    return dice.chance(0.7) ? dice.pick(seqs.slice(-3)) : dice.pick(seqs);
  };
  const authorOf = (seq: number) => {
    const actor = truth.entries[seq - 1]?.logged.entry.actor?.kind;
    return actor?.case === "userId" ? actor.value : "service";
  };
  const anybody = () => (dice.chance(0.25) ? "service" : dice.pick(users));
  const authorMostly = (seq: number) => (dice.chance(0.75) ? authorOf(seq) : anybody());
  const newText = () => (dice.chance(0.25) ? dice.pick(texts) : `text ${++requests}`);
  const send = (): MessageWrite => ({
    kind: "send",
    actor: anybody(),
    text: `${dice.chance(cards) ? "card" : "request"} ${++requests}`,
    holdMs: dice.chance(0.4) ? dice.pick([1, 2_000, 60_000, 3_600_000]) : 0,
    ...newKey(),
  });
  const viewer = () => (dice.chance(0.4) ? undefined : dice.pick(users));
  /** Mostly the two of a direct room. */
  const someUsersInOrder = () => {
    const first = dice.pick(dice.chance(0.9) ? directUsers : users);
    return [first, dice.pick((dice.chance(0.9) ? directUsers : users).filter((userId) => userId !== first))];
  };
  const someUsers = () => users.filter(() => dice.chance(0.4)).concat(dice.pick(users));

  return function next(earlier: readonly MessageWrite[]): MessageCommand {
    const name = dice.weighted(weights);
    const seq = someSeq();
    switch (name) {
      case "send":
        return send();
      case "retry":
        return earlier.length === 0 ? send() : dice.pick(dice.chance(0.5) ? earlier.slice(-6) : earlier);
      case "reuse": {
        if (earlier.length === 0) return send();
        const { actor, key, bornAtMs } = dice.pick(earlier);
        return { kind: "send", text: `request ${++requests}`, holdMs: 0, actor, key, bornAtMs };
      }
      case "edit":
        return { kind: name, actor: authorMostly(seq), seq, text: newText(), ...newKey() };
      case "updateCard": {
        const card = dice.chance(0.9) ? someSeq(isCard) : seq;
        const type = dice.chance(0.95) ? ownType : othersType;
        const actor = dice.chance(0.9) ? "service" : anybody();
        return { kind: name, actor, seq: card, text: `card ${newText()}`, type, ...newKey() };
      }
      case "delete":
      case "cancel":
        return { kind: name, actor: authorMostly(seq), seq, ...newKey() };
      case "pin":
      case "unpin":
        return { kind: name, actor: anybody(), seq, ...newKey() };
      case "commit":
        return { kind: name, actor: dice.chance(0.9) ? "service" : anybody(), seq, ...newKey() };
      case "react": {
        const kinds = reactionKinds.filter(() => dice.chance(0.4));
        return { kind: name, actor: dice.chance(0.95) ? dice.pick(users) : "service", seq, kinds, ...newKey() };
      }
      case "add":
      case "remove":
        return { kind: name, actor: "service", userIds: [...new Set(someUsers())], ...newKey() };
      case "block":
      case "unblock": {
        const [actor = "", userId = ""] = someUsersInOrder();
        return { kind: name, actor, userId, ...newKey() };
      }
      case "unread":
      case "erase":
        return { kind: name, userId: dice.pick(users) };
      case "markRead":
        return { kind: name, userId: dice.pick(users), seq: dice.int(1, truth.entries.length + 1) };
      case "get":
      case "versions":
        return { kind: name, seq, viewer: viewer() };
      case "list":
      case "pinned":
        return { kind: name, viewer: viewer() };
      case "reactions":
        return { kind: name, seq };
      case "purge":
        return { kind: name, below: dice.int(1, truth.entries.length + 1) };
      case "entries":
      case "expire":
        return { kind: name };
    }
  };
}
