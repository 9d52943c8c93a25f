import { randomUUID } from "node:crypto";
import { ErrorReason } from "@maru/protocol";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Domain } from "../src/domain/domain.ts";
import type { Store } from "../src/domain/store.ts";
import { createClient } from "../src/store/client.ts";
import { createDynamoStore } from "../src/store/dynamodb-store.ts";
import type { Consumed } from "../src/store/table-access.ts";
import { conflictNext, loseNextAnswers } from "./failing-client.ts";
import { add, makeRoom, meet, readLog, remove, send, startServer, user } from "./log-fixtures.ts";
import { testClientOptions, testTables } from "./store-tables.ts";

let tableName: string;
let consumed: Consumed[];
let store: Store;
let one: Domain;
let other: Domain;

beforeAll(async () => {
  const tables = await testTables();
  tableName = tables.tableName;
  store = createDynamoStore({ client: tables.client, tableName, onConsumed: (what) => consumed.push(what) });
  consumed = [];
});

beforeEach(() => {
  consumed = [];
  one = startServer(store);
  other = startServer(store);
});

const roomOn = async (server: Domain) => (await makeRoom(server)).room.roomId;
/** A server with a client of its own, whose requests can be made to fail. */
const troubledServer = (onLost?: () => void) => {
  const client = createClient(testClientOptions());
  return { client, server: startServer(createDynamoStore({ client, tableName }), { onLost }) };
};

describe("two servers on one table", () => {
  it("with 32 writers on one room leave a dense log that holds each acknowledged message once", {
    timeout: 180_000,
  }, async () => {
    const roomId = await roomOn(one);
    const texts = Array.from({ length: 500 }, (_, index) => `message ${index}`);
    const waiting = texts.map((text, index) => ({ text, key: randomUUID(), server: index % 2 === 0 ? one : other }));
    const acked = new Map<string, number>();
    const writer = async () => {
      for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
        const { seq } = await send(next.server, roomId, next);
        acked.set(next.text, seq);
        const again = await send(next.server === one ? other : one, roomId, next);
        expect(again.seq).toBe(seq);
      }
    };
    await Promise.all(Array.from({ length: 32 }, writer));

    const log = await readLog(store, roomId);
    expect(log.map(({ seq }) => seq)).toEqual(Array.from({ length: 501 }, (_, index) => index + 1));
    const stored = new Map(log.slice(1).map((entry) => [textOf(entry), entry.seq]));
    expect(stored).toEqual(new Map([...acked].sort((a, b) => a[1] - b[1])));
    expect(stored.size).toBe(500);
  });

  it("let a user write on one at once after joining on the other, and never after leaving there", async () => {
    const roomId = await roomOn(one);
    const ann = user("ann");
    const refusal = { reason: ErrorReason.NOT_A_MEMBER };
    await expect(send(other, roomId, { actor: ann })).rejects.toMatchObject(refusal);
    for (let round = 0; round < 10; round++) {
      await add(one, roomId, ["ann"]);
      expect((await send(other, roomId, { actor: ann })).actor).toEqual(ann);
      await remove(one, roomId, "ann");
      await expect(send(other, roomId, { actor: ann })).rejects.toMatchObject(refusal);
    }
    expect(await store.readRoom(roomId)).toMatchObject({ memberCount: 0 });
  });

  it("give a repeated key the first answer, and refuse it for another text with the number of the first", async () => {
    const roomId = await roomOn(one);
    const key = randomUUID();
    const first = await send(one, roomId, { key });
    await send(one, roomId);
    expect(await send(other, roomId, { key })).toEqual(first);
    await expect(send(other, roomId, { key, text: "another" })).rejects.toMatchObject({
      reason: ErrorReason.IDEMPOTENCY_KEY_REUSED,
      metadata: { seq: String(first.seq) },
    });
    expect(await readLog(store, roomId)).toHaveLength(3);
  });

  it("make one room of a creation that is repeated, and refuse another with its key", async () => {
    const key = randomUUID();
    const first = await makeRoom(one, key);
    await send(one, first.room.roomId);
    const again = await makeRoom(other, key);
    expect(again.entry).toEqual(first.entry);
    expect(again.room).toMatchObject({ roomId: first.room.roomId, lastSeq: 2 });
    const refusal = { reason: ErrorReason.IDEMPOTENCY_KEY_REUSED, metadata: { seq: "1" } };
    await expect(makeRoom(other, key, "another")).rejects.toMatchObject(refusal);
  });

  it("make one room for 64 callers who look for the same direct room at once", async () => {
    const subject = randomUUID();
    const callers = Array.from({ length: 64 }, (_, index) =>
      meet(index % 2 === 0 ? one : other, index % 3 === 0 ? ["ann", "bob"] : ["bob", "ann"], subject),
    );
    const answers = await Promise.all(callers);
    expect(new Set(answers.map(({ room }) => room.roomId)).size).toBe(1);
    expect(answers.filter(({ created }) => created)).toHaveLength(1);
    expect(await readLog(store, answers[0]?.room.roomId ?? "")).toHaveLength(1);
  });

  it("tell the maker of a direct room who asks again that the room is the maker's, and refuse the key for another", async () => {
    const [subject, key] = [randomUUID(), randomUUID()];
    const first = await meet(one, ["ann", "bob"], subject, key);
    expect(await meet(other, ["ann", "bob"], subject, key)).toEqual(first);
    expect(first.created).toBe(true);
    const refusal = { reason: ErrorReason.IDEMPOTENCY_KEY_REUSED, metadata: { seq: "1" } };
    await expect(meet(other, ["ann", "bob"], subject, key, "another")).rejects.toMatchObject(refusal);
  });
});

describe("one writer", () => {
  it("pays 1.02 write units a message at most", async () => {
    const roomId = await roomOn(one);
    consumed = [];
    for (let count = 0; count < 200; count++) await send(one, roomId, { text: "x".repeat(300) });
    const writeUnits = consumed.reduce((sum, each) => sum + each.writeUnits, 0);
    expect(writeUnits / 200).toBeGreaterThanOrEqual(1);
    expect(writeUnits / 200).toBeLessThanOrEqual(1.02);
  });
});

describe("a write", () => {
  it("that meets a transaction is tried again at the same number, and counts as no loss", async () => {
    let lost = 0;
    const { client, server } = troubledServer(() => lost++);
    const roomId = await roomOn(server);
    conflictNext(client, "PutItemCommand", 3);
    expect((await send(server, roomId)).seq).toBe(2);
    conflictNext(client, "TransactWriteItemsCommand", 3);
    expect((await add(server, roomId, ["ann"])).entry?.seq).toBe(3);
    expect(lost).toBe(0);
    expect((await readLog(store, roomId)).map(({ seq }) => seq)).toEqual([1, 2, 3]);
  });

  it("whose answer is lost on the way is recognised when the SDK tries it again", async () => {
    const { client, server } = troubledServer();
    const roomId = await roomOn(server);
    const puts = loseNextAnswers(client, "PutItemCommand", 2);
    expect((await send(server, roomId)).seq).toBe(2);
    expect(puts.lost()).toBe(2);
    const transactions = loseNextAnswers(client, "TransactWriteItemsCommand", 2);
    const { entry, alreadyMemberUserIds } = await add(server, roomId, ["ann"]);
    expect([entry?.seq, alreadyMemberUserIds]).toEqual([3, []]);
    expect(transactions.lost()).toBe(2);
    expect(await readLog(store, roomId)).toHaveLength(3);
  });

  it("whose answer never comes is found by its key, on the other server too", async () => {
    const { client, server } = troubledServer();
    const roomId = await roomOn(server);
    const [sendKey, addKey] = [randomUUID(), randomUUID()];
    const unavailable = { reason: ErrorReason.STORE_UNAVAILABLE };
    // As often as the SDK tries.
    loseNextAnswers(client, "PutItemCommand", 3);
    await expect(send(server, roomId, { key: sendKey })).rejects.toMatchObject(unavailable);
    loseNextAnswers(client, "TransactWriteItemsCommand", 3);
    await expect(add(server, roomId, ["ann"], addKey)).rejects.toMatchObject(unavailable);
    expect((await send(other, roomId, { key: sendKey })).seq).toBe(2);
    expect((await add(server, roomId, ["ann"], addKey)).entry?.seq).toBe(3);
    expect(await readLog(store, roomId)).toHaveLength(3);
  });
});

function textOf({ body }: Awaited<ReturnType<typeof readLog>>[number]): string {
  const kind = body.case === "messageSent" ? body.value.content?.kind : undefined;
  return kind?.case === "text" ? kind.value.text : "";
}
