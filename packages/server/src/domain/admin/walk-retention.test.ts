import { JobKind } from "@maru/protocol";
import { beforeEach, expect, it } from "vitest";
import { jobOf, openRoom, progressOf, stepOf } from "../../../test/job-fixtures.ts";
import { call, readLog, send, startServer, user } from "../../../test/log-fixtures.ts";
import { createMemoryStore } from "../../store/memory.ts";
import type { Domain } from "../domain.ts";
import { anyKind, openKind } from "../rooms/room-kind.ts";
import type { Store } from "../store.ts";
import { verifyRoom } from "./verify-room.ts";
import { walkRetention } from "./walk-retention.ts";

const hourMs = 3_600_000;

let nowMs: number;
let store: Store;
let domain: Domain;
beforeEach(() => {
  nowMs = Date.UTC(2026, 10, 25);
  store = createMemoryStore();
  const deal = { ...openKind, retentionMs: 48 * hourMs };
  domain = {
    ...startServer(store, { clock: { nowMs: () => nowMs } }),
    kinds: { find: (kind: string) => (kind === "deals" ? deal : anyKind.find(kind)) },
  };
});

it("removes from rooms of a kind what is older than the kind keeps, and nothing from others", async () => {
  const [deals, group] = [await openRoom(domain, "deals"), await openRoom(domain)];
  for (const roomId of [deals, group]) await send(domain, roomId, { text: "old", actor: user("ann") });
  nowMs += 50 * hourMs;
  for (const roomId of [deals, group]) await send(domain, roomId, { text: "young", actor: user("ann") });
  const progress = await progressOf(walkRetention(domain, call, jobOf(JobKind.RETENTION)));
  expect(progress.at(-1)).toMatchObject({ roomsDone: 2, roomsTotal: 2, entriesChanged: 1 });
  const saidIn = async (roomId: string) =>
    (await readLog(store, roomId)).flatMap(({ body }) =>
      body.case === "messageSent" ? [body.value.content?.kind.value] : [],
    );
  expect(await saidIn(deals)).toMatchObject([{ text: "young" }]);
  expect(await saidIn(group)).toMatchObject([{ text: "old" }, { text: "young" }]);
  for (const roomId of [deals, group]) expect((await verifyRoom(domain, call, roomId)).problems).toEqual([]);
});

it("says after each page of a room how far it is, and goes on there", async () => {
  const roomId = await openRoom(domain, "deals");
  for (let n = 0; n < 1_100; n++) await send(domain, roomId, { text: `old ${n}`, actor: user("ann") });
  nowMs += 50 * hourMs;
  const young = await send(domain, roomId, { text: "young", actor: user("ann") });
  const first = await stepOf(walkRetention(domain, call, jobOf(JobKind.RETENTION)), 1);
  expect(first).toMatchObject({ endsRoom: false, progress: { roomsDone: 0, entriesChanged: 499 } });
  const rest = await progressOf(walkRetention(domain, call, jobOf(JobKind.RETENTION, first.progress)));
  expect(rest.at(-1)).toMatchObject({ roomsDone: 1, entriesChanged: 1_100 });
  expect((await readLog(store, roomId)).map(({ seq }) => seq)).toEqual([1, young.seq]);
});
