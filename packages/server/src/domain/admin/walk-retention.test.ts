import { JobKind } from "@maru/protocol";
import { expect, it } from "vitest";
import { jobOf, openRoom } from "../../../test/job-fixtures.ts";
import { call, readLog, send, startServer, user } from "../../../test/log-fixtures.ts";
import { createMemoryStore } from "../../store/memory.ts";
import { anyKind, openKind } from "../rooms/room-kind.ts";
import { verifyRoom } from "./verify-room.ts";
import { walkRetention } from "./walk-retention.ts";

const hourMs = 3_600_000;

it("removes from rooms of a kind what is older than the kind keeps, and nothing from others", async () => {
  let nowMs = Date.UTC(2026, 10, 25);
  const store = createMemoryStore();
  const deal = { ...openKind, retentionMs: 48 * hourMs };
  const domain = {
    ...startServer(store, { clock: { nowMs: () => nowMs } }),
    kinds: { find: (kind: string) => (kind === "deals" ? deal : anyKind.find(kind)) },
  };
  const [deals, group] = [await openRoom(domain, "deals"), await openRoom(domain)];
  for (const roomId of [deals, group]) await send(domain, roomId, { text: "old", actor: user("ann") });
  nowMs += 50 * hourMs;
  for (const roomId of [deals, group]) await send(domain, roomId, { text: "young", actor: user("ann") });
  const progress = await Array.fromAsync(walkRetention(domain, call, jobOf(JobKind.RETENTION)));
  expect(progress.at(-1)).toMatchObject({ roomsDone: 2, roomsTotal: 2, entriesChanged: 1 });
  const saidIn = async (roomId: string) =>
    (await readLog(store, roomId)).flatMap(({ body }) =>
      body.case === "messageSent" ? [body.value.content?.kind.value] : [],
    );
  expect(await saidIn(deals)).toMatchObject([{ text: "young" }]);
  expect(await saidIn(group)).toMatchObject([{ text: "old" }, { text: "young" }]);
  for (const roomId of [deals, group]) expect((await verifyRoom(domain, call, roomId)).problems).toEqual([]);
});
