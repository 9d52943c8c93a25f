import { randomUUID } from "node:crypto";
import { UpdateItemCommand } from "@aws-sdk/client-dynamodb";
import { type Maru, paginate, service, text, user } from "@maru/client";
import { type Job, JobKind, JobState } from "@maru/protocol";
import { expect, test, vi } from "vitest";
import { metaKey } from "../../src/store/keys.ts";
import { invalid, refusal } from "./refusal.ts";
import { found, fresh, openRoom, type Scene, say, sayMany } from "./scene.ts";

const patience = { timeout: 60_000, interval: 200 };

/** The job once it is done. */
export async function jobDone(maru: Maru, started: Job | undefined): Promise<Job> {
  const { jobId } = found(started);
  return vi.waitFor(async () => {
    const { job } = await maru.admin.getJob({ jobId });
    expect(job).toMatchObject({ state: JobState.DONE });
    return found(job);
  }, patience);
}

export function adminSuite(scene: () => Scene): void {
  test("a room that is as its log says is verified, on both servers", async () => {
    const { maru, other } = scene();
    const roomId = await openRoom(maru, ["ann", "bob"]);
    await sayMany(maru, roomId, 5);
    await maru.rooms.removeMembers({ roomId, actor: service(), userIds: ["bob"] });
    await maru.reads.markRead({ roomId, actor: user("ann"), seq: 4 });
    for (const one of [maru, other]) {
      const { report } = await one.admin.verifyRoom({ roomId });
      expect(report).toMatchObject({ roomId, lastSeq: 7, entryCount: 7, problems: [] });
    }
  });

  test("what somebody changed in the table behind the servers' backs is found", async () => {
    const { maru, world } = scene();
    const roomId = await openRoom(maru, ["ann"]);
    await sayMany(maru, roomId, 3);
    await world.store.deleteEntries(roomId, [3]);
    await world.tables.client.send(
      new UpdateItemCommand({
        TableName: world.tables.tableName,
        Key: metaKey(roomId),
        UpdateExpression: "SET title = :title",
        ExpressionAttributeValues: { ":title": { S: "not what the log says" } },
      }),
    );
    const { report } = await maru.admin.verifyRoom({ roomId });
    expect(found(report).problems).toEqual(["entries 3 to 3 are missing", expect.stringContaining("title")]);
  });

  test("a sample of rooms is verified, a report for each", async () => {
    const { maru } = scene();
    await Promise.all([openRoom(maru), openRoom(maru), openRoom(maru)]);
    const reports = await Array.fromAsync(maru.admin.verifyRooms({ roomCount: 2 }), ({ report }) => found(report));
    expect(new Set(reports.map(({ roomId }) => roomId)).size).toBe(2);
  });

  test("a room that does not exist is neither verified nor exported", async () => {
    const { maru } = scene();
    const roomId = randomUUID();
    expect(await refusal(maru.admin.verifyRoom({ roomId }))).toMatchObject({ reason: "ROOM_NOT_FOUND" });
    expect(await refusal(Array.fromAsync(maru.admin.exportRoom({ roomId })))).toMatchObject({
      reason: "ROOM_NOT_FOUND",
    });
  });

  test("a room is exported as JSON lines: itself, its members, all of its entries in order", async () => {
    const { maru } = scene();
    const roomId = await openRoom(maru, ["ann", "bob"]);
    const words = `said ${randomUUID()}`;
    await sayMany(maru, roomId, 150);
    await say(maru, roomId, words);
    const lines = (await Array.fromAsync(maru.admin.exportRoom({ roomId }))).flatMap((part) => part.lines);
    const parsed = lines.map((line) => JSON.parse(line));
    expect(parsed[0]).toMatchObject({ room: { roomId, memberCount: 3 } });
    expect(parsed.filter(({ member }) => member).map(({ member }) => member.userId)).toEqual(["ann", "bob", "root"]);
    const entries = parsed.filter(({ entry }) => entry).map(({ entry }) => entry);
    expect(entries.map(({ seq }) => seq)).toEqual(Array.from({ length: 152 }, (_, index) => index + 1));
    expect(entries.at(-1)).toMatchObject({ messageSent: { content: { text: { text: words } } } });
  });

  test("an erasure is a job: started once for a key, found by its id and in the list, and done in the end", async () => {
    const { maru, other } = scene();
    const userId = fresh("ann");
    await openRoom(maru, [userId]);
    const idempotencyKey = randomUUID();
    const { job } = await maru.admin.eraseUser({ userId, idempotencyKey });
    const again = await other.admin.eraseUser({ userId, idempotencyKey });
    expect(again.job?.jobId).toBe(job?.jobId);
    expect(await refusal(maru.admin.eraseUser({ userId: "#rooms#5" }))).toMatchObject(invalid("user_id"));
    expect(await refusal(maru.admin.eraseUser({ userId: fresh("bob"), idempotencyKey }))).toMatchObject({
      reason: "IDEMPOTENCY_KEY_REUSED",
    });
    const done = await jobDone(other, job);
    expect(done).toMatchObject({ kind: JobKind.ERASE_USER, userId, caller: "shop", roomCountDone: 1, lastError: "" });
    const listed = await Array.fromAsync(paginate(maru.admin.listJobs, { pageSize: 2 }));
    expect(listed.map(({ jobId }) => jobId)).toContain(done.jobId);
    expect(await refusal(maru.admin.getJob({ jobId: "nothing" }))).toMatchObject({ reason: "JOB_NOT_FOUND" });
  });

  test("retention by hand is a job too", async () => {
    const { maru } = scene();
    const { job } = await maru.admin.runRetention({});
    expect(await jobDone(maru, job)).toMatchObject({ kind: JobKind.RETENTION });
  });

  test("a send that is retried with its key after the erasure gets its first answer", async () => {
    const { maru, other } = scene();
    const userId = fresh("ann");
    const roomId = await openRoom(maru, [userId]);
    const request = { roomId, actor: user(userId), content: text("erase me"), idempotencyKey: randomUUID() };
    const first = await maru.messages.send(request);
    await jobDone(maru, (await maru.admin.eraseUser({ userId })).job);
    for (const one of [maru, other]) {
      const again = await one.messages.send(request);
      expect(again.entry?.seq).toBe(first.entry?.seq);
      expect(again.entry?.body.value).toMatchObject({ deletion: { reason: "erased" } });
      expect(again.entry?.body.value).not.toHaveProperty("content");
    }
  });
}
