import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { EntryPresence, JobKind, type RoomReport } from "@maru/protocol";
import type { ConformanceCase } from "./conformance-case.ts";
import { found, fresh, openRoom, refused, say } from "./scene.ts";

export const adminCases: readonly ConformanceCase[] = [
  {
    name: "erasures and retention are jobs: one for a key, found by its id and in the list",
    calls: ["AdminService/EraseUser", "AdminService/RunRetention", "AdminService/GetJob", "AdminService/ListJobs"],
    refuses: ["JOB_NOT_FOUND", "IDEMPOTENCY_KEY_REUSED"],
    async run({ admin }) {
      const userId = fresh("gone");
      const idempotencyKey = randomUUID();
      const erasure = found((await admin.eraseUser({ userId, idempotencyKey })).job);
      assert.deepEqual([erasure.kind, erasure.userId], [JobKind.ERASE_USER, userId]);
      assert.equal((await admin.eraseUser({ userId, idempotencyKey })).job?.jobId, erasure.jobId);
      await refused("IDEMPOTENCY_KEY_REUSED", admin.eraseUser({ userId: "another", idempotencyKey }));
      const retention = found((await admin.runRetention({})).job);
      assert.equal(retention.kind, JobKind.RETENTION);
      for (const { jobId, kind } of [erasure, retention]) {
        const { job } = await admin.getJob({ jobId });
        assert.deepEqual([job?.jobId, job?.kind], [jobId, kind]);
      }
      const { jobs } = await admin.listJobs({ pageSize: 200 });
      const listed = new Set(jobs.map(({ jobId }) => jobId));
      assert.ok(listed.has(erasure.jobId) && listed.has(retention.jobId), "new jobs are listed first");
      await refused("JOB_NOT_FOUND", admin.getJob({ jobId: fresh("job") }));
    },
  },
  {
    name: "the topic is compared with the table as a job, on a server that knows brokers",
    calls: ["AdminService/RunReconcile"],
    async run(context) {
      const { admin } = context;
      const roomId = await openRoom(context);
      const request = { onlyRoomIds: [roomId], idempotencyKey: randomUUID() };
      const job = found((await admin.runReconcile(request)).job);
      assert.equal(job.kind, JobKind.RECONCILE);
      assert.deepEqual(job.reconciliation?.roomIds, [roomId]);
      assert.equal((await admin.runReconcile(request)).job?.jobId, job.jobId);
    },
  },
  {
    name: "an entry is found in the table, whatever the topic says",
    calls: ["AdminService/WhereIs"],
    refuses: ["ROOM_NOT_FOUND"],
    async run(context) {
      const { admin } = context;
      const roomId = await openRoom(context);
      const seq = await say(context, roomId, "a");
      const place = await admin.whereIs({ roomId, seq });
      assert.deepEqual([place.presence, place.type, place.lastSeq], [EntryPresence.STORED, "message_sent", seq]);
      const isAsked = place.topicUnavailable === "";
      assert.equal(place.topic !== "", isAsked, "either the topic was asked, or the answer says why not");
      const behind = await admin.whereIs({ roomId, seq: seq + 1 });
      assert.equal(behind.presence, EntryPresence.NOT_WRITTEN);
      await refused("ROOM_NOT_FOUND", admin.whereIs({ roomId: fresh("room"), seq: 1 }));
    },
  },
  {
    name: "a room is exported as lines of JSON",
    calls: ["AdminService/ExportRoom"],
    refuses: ["ROOM_NOT_FOUND"],
    async run(context) {
      const { admin } = context;
      const roomId = await openRoom(context);
      const words = fresh("words");
      await say(context, roomId, words);
      const lines: string[] = [];
      for await (const part of admin.exportRoom({ roomId })) lines.push(...part.lines);
      const kinds = lines.map((line) => Object.keys(JSON.parse(line) as object));
      assert.deepEqual(kinds, [["room"], ["member"], ["member"], ["entry"], ["entry"]]);
      assert.ok(lines.at(-1)?.includes(words), "the message is in the export");
      await refused("ROOM_NOT_FOUND", Array.fromAsync(admin.exportRoom({ roomId: fresh("room") })));
    },
  },
  {
    name: "a room, and a sample of rooms, is as its log says",
    calls: ["AdminService/VerifyRoom", "AdminService/VerifyRooms"],
    async run(context) {
      const { admin } = context;
      const roomId = await openRoom(context);
      await say(context, roomId, "a");
      const report = found((await admin.verifyRoom({ roomId })).report);
      assert.deepEqual([report.roomId, report.lastSeq, report.entryCount, report.problems], [roomId, 2, 2, []]);
      const reports: RoomReport[] = [];
      for await (const part of admin.verifyRooms({ roomCount: 3 })) reports.push(found(part.report));
      assert.ok(reports.length >= 1 && reports.length <= 3);
      assert.deepEqual(
        reports.flatMap(({ problems }) => problems),
        [],
      );
    },
  },
];
