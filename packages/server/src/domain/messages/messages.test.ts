import { create } from "@bufbuild/protobuf";
import {
  type Actor,
  ActorSchema,
  AddMembersRequestSchema,
  BatchSendMessagesRequestSchema,
  CommitMessageRequestSchema,
  CreateRoomRequestSchema,
  DeleteMessageRequestSchema,
  EditMessageRequestSchema,
  type Entry,
  ErrorReason,
  GetMessageRequestSchema,
  HoldState,
  ListMessageVersionsRequestSchema,
  type Message,
  PinMessageRequestSchema,
  SendMessageRequestSchema,
} from "@maru/protocol";
import { beforeEach, describe, expect, it } from "vitest";
import { noCardTypes } from "../../../test/cards/no-card-types.ts";
import { createMemoryStore } from "../../store/memory.ts";
import { purge } from "../admin/purge.ts";
import { type Domain, defaultDomainLimits } from "../domain.ts";
import { createLog, defaultLogLimits } from "../log/log.ts";
import { addMembers } from "../rooms/add-members.ts";
import { createRoom } from "../rooms/create.ts";
import { openKind } from "../rooms/room-kind.ts";
import type { EntryPlace, Store } from "../store.ts";
import { batchSendMessages } from "./batch-send.ts";
import { commitMessage } from "./commit.ts";
import { deleteMessage } from "./delete.ts";
import { editMessage } from "./edit.ts";
import { expireHolds, type OpenHolds } from "./expire-holds.ts";
import { getMessage } from "./get.ts";
import { listMessageVersions } from "./list-versions.ts";
import { pinMessage } from "./pin.ts";
import { sendMessage } from "./send.ts";

const call = { caller: "tests", method: { name: "tests" }, signal: new AbortController().signal };
const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;

let nowMs: number;
let store: Store;
let keys = 0;
beforeEach(() => {
  nowMs = Date.UTC(2026, 10, 23);
  store = createMemoryStore();
});

/** One server over the shared store. */
const startServer = (on: Store = store): Domain => ({
  store: on,
  limits: defaultDomainLimits,
  cards: noCardTypes,
  kinds: { find: () => ({ ...openKind, editWindowMs: 10 * minuteMs }) },
  log: createLog({
    store: on,
    clock: { nowMs: () => nowMs },
    random: () => 0,
    sleep: async () => undefined,
    newKey: () => `made-${++keys}`,
    limits: defaultLogLimits,
  }),
});

const user = (userId: string): Actor => create(ActorSchema, { kind: { case: "userId", value: userId } });
const service = create(ActorSchema, { kind: { case: "service", value: {} } });
const text = (value: string) => ({ kind: { case: "text" as const, value: { text: value } } });
const refused = (reason: ErrorReason) => expect.objectContaining({ reason });

async function openRoom(domain: Domain): Promise<string> {
  const idempotencyKey = `room-${++keys}`;
  const request = create(CreateRoomRequestSchema, { actor: service, kind: "group", idempotencyKey });
  const { room } = await createRoom(domain, call, request);
  const members = [{ userId: "ann" }, { userId: "bob" }];
  await addMembers(domain, call, create(AddMembersRequestSchema, { roomId: room.roomId, actor: service, members }));
  return room.roomId;
}

async function say(domain: Domain, roomId: string, words: string, holdMs = 0): Promise<number> {
  const request = create(SendMessageRequestSchema, { roomId, actor: user("ann"), content: text(words), holdMs });
  return (await sendMessage(domain, call, request)).seq;
}

const edit = (domain: Domain, roomId: string, seq: number, words: string) =>
  editMessage(
    domain,
    call,
    create(EditMessageRequestSchema, { roomId, actor: user("ann"), seq, content: text(words) }),
  );

const remove = (domain: Domain, roomId: string, seq: number) =>
  deleteMessage(domain, call, create(DeleteMessageRequestSchema, { roomId, actor: service, seq }));

async function read(domain: Domain, roomId: string, seq: number): Promise<Message> {
  const { body } = await getMessage(domain, call, create(GetMessageRequestSchema, { roomId, seq }));
  return body.value as Message;
}

const textOf = ({ content }: { content?: Message["content"] }) =>
  content?.kind.case === "text" ? content.kind.value.text : undefined;

describe("an edit", () => {
  it("is taken within the window of the room's kind, and not after it", async () => {
    const domain = startServer();
    const roomId = await openRoom(domain);
    const seq = await say(domain, roomId, "one");
    nowMs += 10 * minuteMs;
    expect((await edit(domain, roomId, seq, "two"))?.type).toBe("message_edited");
    nowMs += 1;
    await expect(edit(domain, roomId, seq, "three")).rejects.toEqual(refused(ErrorReason.EDIT_WINDOW_CLOSED));
    expect(await edit(domain, roomId, seq, "two")).toBeUndefined();
  });

  it("leaves 51 versions at most, and a deletion takes all of them away in one entry", async () => {
    const domain = startServer();
    const roomId = await openRoom(domain);
    const seq = await say(domain, roomId, "0", minuteMs);
    await commitMessage(domain, call, create(CommitMessageRequestSchema, { roomId, actor: service, seq }));
    for (let n = 1; n <= 50; n++) await edit(domain, roomId, seq, String(n));
    await expect(edit(domain, roomId, seq, "51")).rejects.toEqual(refused(ErrorReason.EDIT_LIMIT_REACHED));
    const request = create(ListMessageVersionsRequestSchema, { roomId, seq });
    const versions = await listMessageVersions(domain, call, request);
    expect(versions.map(textOf)).toEqual(Array.from({ length: 51 }, (_, n) => String(n)));
    await remove(domain, roomId, seq);
    const kept = (await store.readEntries({ roomId, after: seq - 1, limit: 100 })).map(contentsIn);
    expect(kept).toEqual(Array(53).fill([]));
    expect(await listMessageVersions(domain, call, request)).toEqual([]);
  });

  it("that retention has removed is left out of the versions, and the deletion goes on without it", async () => {
    const domain = startServer();
    const roomId = await openRoom(domain);
    const seq = await say(domain, roomId, "one");
    for (const words of ["two", "three"]) await edit(domain, roomId, seq, words);
    await store.deleteEntries(roomId, [seq + 1]);
    const request = create(ListMessageVersionsRequestSchema, { roomId, seq });
    expect((await listMessageVersions(domain, call, request)).map(textOf)).toEqual(["one", "three"]);
    expect((await remove(domain, roomId, seq))?.type).toBe("message_deleted");
  });
});

function contentsIn({ entry: { body } }: { readonly entry: Entry }): unknown[] {
  const value = body.value as { content?: unknown; message?: Message };
  return [value.content, value.message?.content].filter((content) => content !== undefined);
}

describe("retention that comes in between", () => {
  /** Removes the message after it was read, and before the put. */
  const purging = (): Store => {
    let left = 1;
    return {
      ...store,
      async readEntry(roomId, seq) {
        const found = await store.readEntry(roomId, seq);
        if (left-- > 0) await purge({ store, clock: { nowMs: () => nowMs } }, roomId, seq + 1);
        return found;
      },
    };
  };

  it("makes a message that is deleted, edited or pinned one that was removed", async () => {
    const domain = startServer();
    const roomId = await openRoom(domain);
    const seqs: number[] = [];
    for (const words of ["a", "b", "c", "last"]) seqs.push(await say(domain, roomId, words));
    nowMs += 2 * dayMs;
    const [a = 0, b = 0] = seqs;
    const pin = create(PinMessageRequestSchema, { roomId, actor: service, seq: b });
    await expect(remove(startServer(purging()), roomId, a)).rejects.toEqual(refused(ErrorReason.ENTRY_PURGED));
    await expect(pinMessage(startServer(purging()), call, pin)).rejects.toEqual(refused(ErrorReason.ENTRY_PURGED));
    expect(await store.readEntries({ roomId, after: a - 1, limit: 10 })).toHaveLength(2);
  });
});

describe("a hold", () => {
  const walk = (known: OpenHolds, expired: EntryPlace[]) => ({
    signal: call.signal,
    known,
    pause: async () => undefined,
    onExpired: (place: EntryPlace) => void expired.push(place),
    onFailed: (_: EntryPlace, error: unknown) => {
      throw error;
    },
  });

  it("that has run out counts as cancelled for all, its own sender included, before anything says so", async () => {
    const domain = startServer();
    const roomId = await openRoom(domain);
    const request = create(SendMessageRequestSchema, {
      roomId,
      actor: user("ann"),
      content: text("held"),
      holdMs: minuteMs,
      idempotencyKey: "once",
    });
    const first = await sendMessage(domain, call, request);
    nowMs += minuteMs - 1;
    expect(await sendMessage(domain, call, request)).toEqual(first);
    nowMs += 1;
    const cancelled = { holdState: HoldState.CANCELLED, mentions: [] };
    expect(await read(domain, roomId, first.seq)).toMatchObject(cancelled);
    expect(textOf(await read(domain, roomId, first.seq))).toBeUndefined();
    const again = await sendMessage(domain, call, request);
    expect([again.seq, textOf(again.body.value as Message)]).toEqual([first.seq, undefined]);
    const commit = create(CommitMessageRequestSchema, { roomId, actor: service, seq: first.seq });
    await expect(commitMessage(domain, call, commit)).rejects.toEqual(refused(ErrorReason.HOLD_NOT_OPEN));
  });

  it("is ended once it has run out, by one entry, however many servers look", async () => {
    const [one, two] = [startServer(), startServer()];
    const places: EntryPlace[] = [];
    for (let n = 0; n < 150; n++) {
      const roomId = await openRoom(one);
      places.push({ roomId, seq: await say(one, roomId, "held", n % 2 === 0 ? minuteMs : dayMs) });
    }
    const expired: EntryPlace[] = [];
    const open = await expireHolds(one, walk(new Map(), expired));
    expect([expired.length, open.size]).toEqual([0, 150]);
    nowMs += minuteMs;
    const [, still] = await Promise.all([
      expireHolds(two, walk(new Map(), expired)),
      expireHolds(one, walk(open, expired)),
    ]);
    expect(still.size).toBe(75);
    const due = places.filter((_, n) => n % 2 === 0);
    const toText = ({ roomId, seq }: EntryPlace) => `${roomId}/${seq}`;
    expect(expired.map(toText).toSorted()).toEqual(due.map(toText).toSorted());
    for (const { roomId, seq } of due) {
      const [entry, ...more] = await store.readEntries({ roomId, after: seq, limit: 10 });
      expect(entry?.entry).toMatchObject({
        caller: "maru",
        actor: { kind: { case: "system" } },
        body: { case: "messageCancelled", value: { targetSeq: seq, expired: true } },
      });
      expect(more).toEqual([]);
      expect(textOf((await store.readEntry(roomId, seq))?.entry.body.value as Message)).toBeUndefined();
    }
  });

  it("that is known to be open is not read again before its time", async () => {
    let reads = 0;
    const counting: Store = {
      ...store,
      readEntry(roomId, seq) {
        reads++;
        return store.readEntry(roomId, seq);
      },
    };
    const domain = startServer(counting);
    const roomId = await openRoom(domain);
    for (let n = 0; n < 10; n++) await say(domain, roomId, "held", dayMs);
    let open: OpenHolds = new Map();
    for (let round = 0; round < 5; round++) open = await expireHolds(domain, walk(open, []));
    expect([open.size, reads]).toEqual([10, 10]);
  });
});

describe("sending to many rooms", () => {
  it("tells of a failure that nobody foresaw as such, to the log with its cause and to the caller without it", async () => {
    const faults: unknown[] = [];
    const bug = new TypeError("x is not a function");
    const roomId = await openRoom(startServer());
    const broken = { ...store, putEntry: async () => Promise.reject(bug) };
    const domain = { ...startServer(broken), onFault: (...fault: unknown[]) => void faults.push(fault) };
    const request = create(BatchSendMessagesRequestSchema, {
      roomIds: [roomId, "nowhere"],
      actor: service,
      content: text("x"),
    });
    const [one, two] = await batchSendMessages(domain, call, request);
    expect(one?.outcome.value).toMatchObject({ reason: ErrorReason.INTERNAL, metadata: {} });
    expect(JSON.stringify(one?.outcome.value)).not.toContain("x is not");
    expect(two?.outcome.value).toMatchObject({ reason: ErrorReason.ROOM_NOT_FOUND });
    expect(faults).toEqual([[bug, { room_id: roomId }]]);
  });
});
