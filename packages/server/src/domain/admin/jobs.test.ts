import { randomUUID } from "node:crypto";
import { create, toJsonString } from "@bufbuild/protobuf";
import {
  type Actor,
  ActorSchema,
  CommitMessageRequestSchema,
  ContentSchema,
  CreateRoomRequestSchema,
  EditMessageRequestSchema,
  EntrySchema,
  JobKind,
  type Message,
  SendMessageRequestSchema,
} from "@maru/protocol";
import { beforeEach, describe, expect, it } from "vitest";
import { noCardTypes } from "../../../test/cards/no-card-types.ts";
import { createMemoryStore } from "../../store/memory.ts";
import { createMemoryJobStore } from "../../store/memory-jobs.ts";
import type { Call } from "../call.ts";
import { defaultDomainLimits } from "../domain.ts";
import { createLog, defaultLogLimits } from "../log/log.ts";
import { commitMessage } from "../messages/commit.ts";
import { editMessage } from "../messages/edit.ts";
import { sendMessage } from "../messages/send.ts";
import { createRoom } from "../rooms/create.ts";
import { openKind, type RoomKind } from "../rooms/room-kind.ts";
import type { Store } from "../store.ts";
import { walkEraseUser } from "./erase-user.ts";
import { type JobProgress, type JobRecord, noProgress } from "./job.ts";
import type { AdminDomain } from "./start-job.ts";
import { verifyRoom } from "./verify-room.ts";
import { walkRetention } from "./walk-retention.ts";

const call: Call = { caller: "ops", method: { name: "tests" }, signal: new AbortController().signal };
const service = create(ActorSchema, { kind: { case: "service", value: { name: "" } } });
const user = (userId: string) => create(ActorSchema, { kind: { case: "userId", value: userId } });
const hourMs = 3_600_000;

let nowMs: number;
let store: Store;
let kinds: Map<string, RoomKind>;
beforeEach(() => {
  nowMs = Date.UTC(2026, 10, 25);
  store = createMemoryStore();
  kinds = new Map();
});

const startServer = (): AdminDomain => ({
  store,
  jobs: createMemoryJobStore(),
  limits: defaultDomainLimits,
  cards: noCardTypes,
  kinds: { find: (kind) => kinds.get(kind) ?? openKind },
  log: createLog({
    store,
    clock: { nowMs: () => nowMs },
    random: () => 0,
    sleep: async () => undefined,
    newKey: randomUUID,
    limits: defaultLogLimits,
  }),
});

const job = (kind: JobKind, progress: JobProgress = noProgress): JobRecord => ({
  jobId: "job",
  kind,
  userId: "ann",
  caller: "ops",
  isDone: false,
  progress,
  createdAtMs: nowMs,
  updatedAtMs: nowMs,
  lastError: "",
});

async function openRoom(domain: AdminDomain, kind = "group"): Promise<string> {
  const members = [{ userId: "ann" }, { userId: "bob" }];
  const request = create(CreateRoomRequestSchema, { actor: service, kind, members });
  return (await createRoom(domain, call, request)).room.roomId;
}

const text = (words: string) => create(ContentSchema, { kind: { case: "text", value: { text: words } } });

async function send(domain: AdminDomain, roomId: string, words: string, actor: Actor = user("ann"), holdMs = 0) {
  const request = { roomId, actor, content: text(words), holdMs };
  return (await sendMessage(domain, call, create(SendMessageRequestSchema, request))).seq;
}

const readAll = (roomId: string) => store.readEntries({ roomId, limit: 10_000 });
const contentsOf = async (roomId: string) =>
  (await readAll(roomId)).map(({ entry }) => toJsonString(EntrySchema, entry)).join();

describe("erasing a user", () => {
  it("takes as many steps as a long room needs, each an entry of its own, and leaves others' words", async () => {
    const domain = startServer();
    const roomId = await openRoom(domain);
    for (let n = 0; n < 150; n++) await send(domain, roomId, `secret ${n}`, n % 3 === 0 ? user("bob") : user("ann"));
    const [last] = (await Array.fromAsync(walkEraseUser(domain, call, job(JobKind.ERASE_USER)))).slice(-1);
    expect(last).toMatchObject({ roomsDone: 1, roomsTotal: 1, entriesChanged: 100 });
    const log = await readAll(roomId);
    const left = log.filter(({ entry }) => entry.body.case === "messageSent" && entry.body.value.content !== undefined);
    expect(left.map(({ entry }) => entry.actor?.kind.value)).toEqual(Array(50).fill("bob"));
    const told = log.flatMap(({ entry: { body } }) => (body.case === "userErased" ? [body.value.entryCount] : []));
    expect(told.length).toBeGreaterThan(1);
    expect(told.reduce((sum, count) => sum + count, 0)).toBe(100);
    expect((await verifyRoom(domain, call, roomId)).problems).toEqual([]);
  });

  it("changes 50 edits of a message with the message, and finds nothing left the second time", async () => {
    const domain = startServer();
    const roomId = await openRoom(domain);
    const seqs = [await send(domain, roomId, "secret one"), await send(domain, roomId, "secret two")];
    for (let n = 0; n < 50; n++) {
      for (const seq of seqs) {
        const edit = { roomId, actor: user("ann"), seq, content: text(`secret edit ${n}`) };
        await editMessage(domain, call, create(EditMessageRequestSchema, edit));
      }
    }
    await Array.fromAsync(walkEraseUser(domain, call, job(JobKind.ERASE_USER)));
    expect(await contentsOf(roomId)).not.toContain("secret");
    const before = (await readAll(roomId)).length;
    const [last] = (await Array.fromAsync(walkEraseUser(domain, call, job(JobKind.ERASE_USER)))).slice(-1);
    expect(last).toMatchObject({ entriesChanged: 0 });
    expect(await readAll(roomId)).toHaveLength(before);
  });

  it("also takes what a commit carried of a message that retention has removed", async () => {
    const domain = startServer();
    const roomId = await openRoom(domain);
    const seq = await send(domain, roomId, "secret held", user("ann"), hourMs);
    await commitMessage(domain, call, create(CommitMessageRequestSchema, { roomId, actor: service, seq }));
    await send(domain, roomId, "of bob", user("bob"));
    await store.raisePurgedBelow(roomId, seq + 1);
    await store.deleteEntries(roomId, [seq]);
    expect(await contentsOf(roomId)).toContain("secret");
    await Array.fromAsync(walkEraseUser(domain, call, job(JobKind.ERASE_USER)));
    expect(await contentsOf(roomId)).not.toContain("secret");
    expect(await contentsOf(roomId)).toContain("of bob");
  });

  it("goes on in the room behind the one where it stopped, and tells each room, also one without a word of the user", async () => {
    const domain = startServer();
    const roomIds = await Promise.all([openRoom(domain), openRoom(domain), openRoom(domain)]);
    for (const roomId of roomIds.slice(1)) await send(domain, roomId, "secret");
    const walk = walkEraseUser(domain, call, job(JobKind.ERASE_USER));
    const first = await walk.next();
    await walk.return();
    if (first.done) throw new Error("the walk ended before a room was done");
    const rest = await Array.fromAsync(walkEraseUser(startServer(), call, job(JobKind.ERASE_USER, first.value)));
    expect(rest.at(-1)).toMatchObject({ roomsDone: 3, roomsTotal: 3, entriesChanged: 2 });
    for (const roomId of roomIds) {
      expect(await contentsOf(roomId)).not.toContain("secret");
      const told = (await readAll(roomId)).filter(({ entry }) => entry.body.case === "userErased");
      expect(told).toHaveLength(1);
    }
  });

  it("is not undone by an edit or a reaction that was decided before", async () => {
    const [erasing, writing] = [startServer(), startServer()];
    const roomId = await openRoom(erasing);
    const seq = await send(writing, roomId, "secret");
    await Array.fromAsync(walkEraseUser(erasing, call, job(JobKind.ERASE_USER)));
    const edit = create(EditMessageRequestSchema, { roomId, actor: user("ann"), seq, content: text("secret again") });
    await expect(editMessage(writing, call, edit)).rejects.toMatchObject({ metadata: { seq: String(seq) } });
    expect(await contentsOf(roomId)).not.toContain("secret");
  });
});

describe("retention", () => {
  it("removes from rooms of a kind what is older than the kind keeps, and nothing from others", async () => {
    kinds.set("deals", { ...openKind, retentionMs: 48 * hourMs });
    const domain = startServer();
    const [deals, group] = [await openRoom(domain, "deals"), await openRoom(domain)];
    for (const roomId of [deals, group]) await send(domain, roomId, "old");
    nowMs += 50 * hourMs;
    for (const roomId of [deals, group]) await send(domain, roomId, "young");
    const progress = await Array.fromAsync(walkRetention(domain, call, job(JobKind.RETENTION)));
    expect(progress.at(-1)).toMatchObject({ roomsDone: 2, roomsTotal: 2, entriesChanged: 1 });
    const saidIn = async (roomId: string) =>
      (await readAll(roomId)).flatMap(({ entry: { body } }) =>
        body.case === "messageSent" ? [(body.value as Message).content?.kind.value] : [],
      );
    expect(await saidIn(deals)).toMatchObject([{ text: "young" }]);
    expect(await saidIn(group)).toMatchObject([{ text: "old" }, { text: "young" }]);
    for (const roomId of [deals, group]) expect((await verifyRoom(domain, call, roomId)).problems).toEqual([]);
  });
});
