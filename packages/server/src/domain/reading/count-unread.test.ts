import { create } from "@bufbuild/protobuf";
import {
  DeletionSchema,
  type Entry,
  EntrySchema,
  HoldState,
  MemberLeftSchema,
  type Message,
  MessageCancelledSchema,
  MessageCommittedSchema,
  MessageDeletedSchema,
  MessageSchema,
} from "@maru/protocol";
import fc from "fast-check";
import { expect, it } from "vitest";
import { countUnread } from "./count-unread.ts";

type Sender = "ann" | "bob" | "service" | "system";
type Says = "text" | "notice" | "loud notice";

type Act =
  | { readonly kind: "send"; readonly sender: Sender; readonly says: Says; readonly mentions: readonly string[] }
  | { readonly kind: "hold"; readonly sender: Sender; readonly says: Says; readonly mentions: readonly string[] }
  | { readonly kind: "commit" | "cancel" | "delete" | "erase"; readonly pick: number }
  | { readonly kind: "other" };

/** A message as a person would keep track of it. */
interface Told {
  readonly seq: number;
  readonly sender: Sender;
  readonly says: Says;
  readonly mentions: readonly string[];
  state: "held" | "cancelled" | "shown";
  shownAt: number;
  isGone: boolean;
}

const saying = {
  sender: fc.constantFrom<Sender>("ann", "bob", "service", "system"),
  says: fc.constantFrom<Says>("text", "text", "notice", "loud notice"),
  mentions: fc.subarray(["ann", "bob", "everybody"]),
};
const act = fc.oneof<fc.Arbitrary<Act>[]>(
  fc.record({ kind: fc.constant("send"), ...saying }),
  fc.record({ kind: fc.constant("hold"), ...saying }),
  fc.record({ kind: fc.constantFrom("commit", "cancel", "delete", "erase"), pick: fc.nat() }),
  fc.record({ kind: fc.constant("other") }),
);

/** Plays the acts: the log as the table would have it, and what was told. */
function play(acts: readonly Act[]): { readonly log: Entry[]; readonly told: Told[] } {
  const log: Entry[] = [];
  const told: Told[] = [];
  const append = (actor: Sender, body: Entry["body"]) => {
    log.push(create(EntrySchema, { roomId: "r", seq: log.length + 1, actor: toActor(actor), body }));
  };
  const change = (seq: number, changed: Partial<Message>) => {
    const body = log[seq - 1]?.body;
    if (body?.case === "messageSent") Object.assign(body.value, changed);
  };
  const pick = (among: (one: Told) => boolean, n: number): Told | undefined => {
    const found = told.filter(among);
    return found[n % found.length];
  };
  for (const one of acts) {
    switch (one.kind) {
      case "send":
      case "hold": {
        const isHeld = one.kind === "hold";
        append(one.sender, { case: "messageSent", value: toMessage(one, isHeld) });
        const seq = log.length;
        told.push({ ...one, seq, state: isHeld ? "held" : "shown", shownAt: isHeld ? 0 : seq, isGone: false });
        break;
      }
      case "commit": {
        const target = pick(({ state }) => state === "held", one.pick);
        if (target === undefined) break;
        change(target.seq, { holdState: HoldState.COMMITTED });
        append("service", {
          case: "messageCommitted",
          value: create(MessageCommittedSchema, { targetSeq: target.seq }),
        });
        Object.assign(target, { state: "shown", shownAt: log.length });
        break;
      }
      case "cancel": {
        const target = pick(({ state }) => state === "held", one.pick);
        if (target === undefined) break;
        change(target.seq, { holdState: HoldState.CANCELLED, content: undefined });
        append("service", {
          case: "messageCancelled",
          value: create(MessageCancelledSchema, { targetSeq: target.seq }),
        });
        target.state = "cancelled";
        break;
      }
      case "delete":
      case "erase": {
        const target = pick(({ state, isGone }) => state === "shown" && !isGone, one.pick);
        if (target === undefined) break;
        const deletion = one.kind === "delete" ? { deletion: create(DeletionSchema) } : {};
        change(target.seq, { content: undefined, mentions: [], ...deletion });
        append("bob", { case: "messageDeleted", value: create(MessageDeletedSchema, { targetSeq: target.seq }) });
        target.isGone = true;
        break;
      }
      case "other":
        append("bob", { case: "memberLeft", value: create(MemberLeftSchema, { userId: "x" }) });
    }
  }
  return { log, told };
}

function toActor(sender: Sender) {
  if (sender === "service") return { kind: { case: "service" as const, value: {} } };
  if (sender === "system") return { kind: { case: "system" as const, value: {} } };
  return { kind: { case: "userId" as const, value: sender } };
}

function toMessage(said: { says: Says; mentions: readonly string[] }, isHeld: boolean): Message {
  const isNotice = said.says !== "text";
  return create(MessageSchema, {
    content: isNotice
      ? { kind: { case: "system", value: { code: "c", countsAsUnread: said.says === "loud notice" } } }
      : { kind: { case: "text", value: { text: "t" } } },
    mentions: said.mentions.map((one) =>
      one === "everybody"
        ? { target: { case: "everybody" as const, value: {} } }
        : { target: { case: "userId" as const, value: one } },
    ),
    holdState: isHeld ? HoldState.HELD : HoldState.UNSPECIFIED,
  });
}

/** Slow and obvious: goes through what was told, one message after the other. */
function countSlowly(told: readonly Told[], userId: string, after: number) {
  const unread = told.filter((one) => {
    if (one.state !== "shown" || one.isGone) return false;
    if (one.shownAt <= after) return false;
    if (one.sender === userId) return false;
    if (one.says === "notice") return false;
    if (one.says === "loud notice") return true;
    return one.sender !== "system";
  });
  const first = unread.toSorted((a, b) => a.shownAt - b.shownAt)[0];
  return {
    unreadCount: unread.length,
    mentionCount: unread.filter(({ mentions }) => mentions.includes(userId) || mentions.includes("everybody")).length,
    firstUnreadSeq: first?.seq ?? 0,
  };
}

it("is what a slow and obvious count comes to, whatever happened in the room", () => {
  fc.assert(
    fc.property(
      fc.array(act, { maxLength: 60, size: "max" }),
      fc.constantFrom("ann", "bob", "cat"),
      fc.nat(60),
      fc.nat(60),
      (acts, userId, readSeq, joinedSeq) => {
        const { log, told } = play(acts);
        const targets = new Map(log.map((entry) => [entry.seq, entry]));
        expect(countUnread(log, { userId, readSeq, joinedSeq }, targets)).toEqual(
          countSlowly(told, userId, Math.max(readSeq, joinedSeq)),
        );
      },
    ),
    { numRuns: 1_000 },
  );
});

it("counts no commit whose message retention has removed", () => {
  const { log } = play([
    { kind: "hold", sender: "bob", says: "text", mentions: [] },
    { kind: "commit", pick: 0 },
  ]);
  expect(countUnread(log, { userId: "ann", readSeq: 0, joinedSeq: 0 }, new Map()).unreadCount).toBe(0);
});
