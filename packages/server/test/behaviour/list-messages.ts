import { setTimeout as sleep } from "node:timers/promises";
import { type Entry, ListOrder, type Maru, paginate, service } from "@maru/client";
import { beforeAll, expect, test } from "vitest";
import { invalid, refusal } from "./refusal.ts";
import { fresh, openRoom, readLog, type Scene, say, seqsOf } from "./scene.ts";

const { OLDEST_FIRST, NEWEST_FIRST } = ListOrder;
const from = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_, n) => first + n);

/** A room of 30 messages, 2 to 11, 22 to 31 and 42 to 51, with ten changes of members between each ten of them. */
async function openLongRoom(maru: Maru): Promise<string> {
  const roomId = await openRoom(maru, ["ann"]);
  for (let part = 0; part < 3; part++) {
    // Times are of milliseconds: parts made at different ones can be told apart by time.
    await sleep(5);
    for (let n = 0; n < 10; n++) await say(maru, roomId, `part ${part} message ${n}`);
    await sleep(5);
    if (part === 2) break;
    for (let n = 0; n < 10; n++) {
      await maru.rooms.addMembers({ roomId, actor: service(), members: [{ userId: fresh("user") }] });
    }
  }
  return roomId;
}

const messages = [...from(2, 11), ...from(22, 31), ...from(42, 51)];

export function listMessagesSuite(scene: () => Scene): void {
  let roomId: string;
  let log: Entry[];
  beforeAll(async () => {
    roomId = await openLongRoom(scene().maru);
    log = await readLog(scene().other, roomId);
  });
  type Asked = Omit<Parameters<Maru["messages"]["list"]>[0], "$typeName" | "$unknown">;
  const page = async (request: Asked) => seqsOf((await scene().maru.messages.list({ roomId, ...request })).entries);
  const walk = async (request: Asked) =>
    seqsOf(await Array.fromAsync(paginate(scene().maru.messages.list, { roomId, ...request })));
  const timeOf = (seq: number) => log[seq - 1]?.createdAt as NonNullable<Entry["createdAt"]>;

  test.each([1, 3, 7, 10, 50, 51, 200])(
    "a walk by pages of %i passes each message once, in both orders",
    async (pageSize) => {
      expect(await walk({ pageSize, order: OLDEST_FIRST })).toEqual(messages);
      expect(await walk({ pageSize, order: NEWEST_FIRST })).toEqual(messages.toReversed());
    },
  );

  test("without bounds, and before something, a list goes from the newest; after something from the oldest", async () => {
    expect(await page({ pageSize: 3 })).toEqual([51, 50, 49]);
    expect(await page({ pageSize: 3, before: 51 })).toEqual([50, 49, 48]);
    expect(await page({ pageSize: 3, after: 2 })).toEqual([3, 4, 5]);
    expect(await page({ pageSize: 3, after: 2, before: 51 })).toEqual([50, 49, 48]);
    expect(await page({ pageSize: 3, after: 2, order: NEWEST_FIRST })).toEqual([51, 50, 49]);
    expect(await page({ pageSize: 3, before: 51, order: OLDEST_FIRST })).toEqual([2, 3]);
  });

  test("bounds by number leave out the number itself, and hold over all pages", async () => {
    const bounded = { after: 5, before: 45, pageSize: 4 };
    const within = messages.filter((seq) => seq > 5 && seq < 45);
    expect(await walk({ ...bounded, order: OLDEST_FIRST })).toEqual(within);
    expect(await walk({ ...bounded, order: NEWEST_FIRST })).toEqual(within.toReversed());
    expect(await walk({ after: 44, before: 45 })).toEqual([]);
    expect(await walk({ after: 45, before: 44 })).toEqual([]);
    expect(await walk({ before: 0 })).toEqual([]);
    expect(await walk({ after: 4_294_967_295 })).toEqual([]);
    expect(await walk({ after: 0, pageSize: 9 })).toEqual(messages);
  });

  test("bounds by time: before leaves out what was made at the time, after takes it in", async () => {
    expect(await walk({ afterTime: timeOf(22), pageSize: 6 })).toEqual(messages.filter((seq) => seq >= 22));
    expect(await walk({ beforeTime: timeOf(22), pageSize: 6 })).toEqual(from(2, 11).toReversed());
    const middle = { afterTime: timeOf(22), beforeTime: timeOf(42), pageSize: 6 };
    expect(await walk({ ...middle, order: OLDEST_FIRST })).toEqual(from(22, 31));
    const justAfter = { seconds: timeOf(11).seconds, nanos: timeOf(11).nanos + 1 };
    expect(await walk({ afterTime: justAfter })).toEqual(messages.filter((seq) => seq > 11));
    expect(await walk({ beforeTime: { seconds: 0n } })).toEqual([]);
    expect(await walk({ afterTime: { seconds: 253_402_300_799n } })).toEqual([]);
    expect(await walk({ afterTime: { seconds: 0n }, before: 4 })).toEqual([3, 2]);
  });

  test("around a number or a time there is half a page before and half a page from it on, oldest first", async () => {
    expect(await page({ around: 26, pageSize: 6 })).toEqual([23, 24, 25, 26, 27, 28]);
    expect(await page({ around: 26, pageSize: 5 })).toEqual([24, 25, 26, 27, 28]);
    expect(await page({ around: 26, pageSize: 1 })).toEqual([26]);
    expect(await page({ around: 2, pageSize: 6 })).toEqual([2, 3, 4]);
    expect(await page({ around: 51, pageSize: 6 })).toEqual([48, 49, 50, 51]);
    expect(await page({ around: 0, pageSize: 6 })).toEqual([2, 3]);
    expect(await page({ around: 4_294_967_295, pageSize: 6 })).toEqual([49, 50, 51]);
    expect(await page({ aroundTime: timeOf(42), pageSize: 4 })).toEqual([42, 43]);
    const around = await scene().maru.messages.list({ roomId, around: 26, pageSize: 6 });
    expect(around.nextPageToken).toBe("");
  });

  test("a page is short when other entries lie between, and the list goes on behind it", async () => {
    const first = await scene().maru.messages.list({ roomId, after: 8, pageSize: 10 });
    expect(seqsOf(first.entries)).toEqual([9, 10, 11]);
    const next = { roomId, after: 8, pageSize: 10, pageToken: first.nextPageToken };
    expect(seqsOf((await scene().maru.messages.list(next)).entries)).toEqual([22, 23, 24, 25, 26, 27, 28]);
  });

  test("a page holds up to 50 entries unless asked otherwise, and the last one has no token", async () => {
    const { maru } = scene();
    const first = await maru.messages.list({ roomId });
    expect(seqsOf(first.entries)).toEqual(messages.toReversed());
    expect(first.nextPageToken).not.toBe("");
    expect((await maru.messages.list({ roomId, pageSize: 51 })).nextPageToken).toBe("");
    expect((await maru.messages.list({ roomId, pageSize: 51, after: 0 })).nextPageToken).toBe("");
  });

  test("a token is refused by any other list", async () => {
    const { maru } = scene();
    const { nextPageToken: pageToken } = await maru.messages.list({ roomId, after: 2, pageSize: 3 });
    expect(await page({ after: 2, pageSize: 3, pageToken })).toEqual([6, 7, 8]);
    const elsewhere = await openRoom(maru, ["ann"]);
    const calls = [
      maru.messages.list({ roomId, pageSize: 3, pageToken }),
      maru.messages.list({ roomId, after: 3, pageSize: 3, pageToken }),
      maru.messages.list({ roomId, after: 2, order: NEWEST_FIRST, pageToken }),
      maru.messages.list({ roomId, after: 2, before: 9, pageToken }),
      maru.messages.list({ roomId: elsewhere, after: 2, pageToken }),
      maru.messages.list({ roomId, after: 2, pageToken: `${pageToken.slice(0, -1)}!` }),
      maru.messages.list({ roomId, after: 2, pageToken: "not a token" }),
      maru.events.listEntries({ roomId, after: 2, pageToken }),
    ];
    for (const told of await Promise.all(calls.map(refusal))) {
      const wrong = { reason: "PAGE_TOKEN_INVALID", code: "INVALID_ARGUMENT", fields: ["page_token"] };
      expect(told).toMatchObject(wrong);
    }
  });

  test("bounds that contradict each other, and page sizes that make no sense, are refused", async () => {
    const list = (request: Asked) => refusal(scene().maru.messages.list({ roomId, ...request }));
    const time = { seconds: 1n };
    for (const request of [
      { before: 1, beforeTime: time },
      { after: 1, afterTime: time },
      { around: 1, before: 1 },
      { around: 1, afterTime: time },
      { around: 1, aroundTime: time },
      { aroundTime: time, pageToken: "x" },
    ]) {
      expect(await list(request)).toMatchObject({ reason: "INVALID_REQUEST", code: "INVALID_ARGUMENT" });
    }
    expect(await list({ pageSize: -1 })).toMatchObject(invalid("page_size"));
    expect(await list({ pageSize: 201 })).toMatchObject(invalid("page_size"));
    expect(await list({ order: 9 as ListOrder })).toMatchObject(invalid("order"));
  });
}
