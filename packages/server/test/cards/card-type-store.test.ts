import { randomUUID } from "node:crypto";
import { beforeAll, describe, expect, test } from "vitest";
import type { CardTypeRecord, CardTypeStore } from "../../src/domain/cards/card-type-store.ts";
import { createDynamoCardTypes } from "../../src/store/card-types.ts";
import { createMemoryCardTypes } from "../../src/store/memory-card-types.ts";
import type { Consumed } from "../../src/store/table-access.ts";
import { testTables } from "../store-tables.ts";

const fresh = (name: string) => `acme.x${randomUUID().slice(0, 8)}.${name}`;
const record = (type: string, revision = 1, more: Partial<CardTypeRecord> = {}): CardTypeRecord => ({
  ...{ type, owner: "pay", revision, registeredAtMs: 1_700_000_000_123, descriptorHash: `hash-${revision}` },
  ...more,
});

/** What every store of types must do. */
function cardTypeStoreContract(name: string, makeStore: () => Promise<CardTypeStore>): void {
  describe(name, () => {
    let store: CardTypeStore;
    beforeAll(async () => {
      store = await makeStore();
    });

    test("a type that was put is read back whole, alone and among others", async () => {
      const [one, two] = [fresh("One"), fresh("Two")];
      expect(await store.readType(one)).toBeUndefined();
      expect(await store.putTypes([record(one), record(two, 1, { owner: "shop" })])).toBe("stored");
      expect(await store.readType(one)).toEqual(record(one));
      const found = await store.readTypes([one, fresh("Three"), two, one]);
      expect(found).toEqual(
        new Map([
          [one, record(one)],
          [two, record(two, 1, { owner: "shop" })],
        ]),
      );
    });

    test("a revision follows on the one before it, and on no other", async () => {
      const type = fresh("Card");
      expect(await store.putTypes([record(type, 2)])).toBe("taken");
      expect(await store.putTypes([record(type, 1)])).toBe("stored");
      expect(await store.putTypes([record(type, 1)])).toBe("taken");
      expect(await store.putTypes([record(type, 3)])).toBe("taken");
      expect(await store.putTypes([record(type, 2)])).toBe("stored");
      expect(await store.readType(type)).toEqual(record(type, 2));
    });

    test("of several types all are put, or none", async () => {
      const [taken, free] = [fresh("Taken"), fresh("Free")];
      await store.putTypes([record(taken)]);
      expect(await store.putTypes([record(free), record(taken)])).toBe("taken");
      expect(await store.readType(free)).toBeUndefined();
      expect(await store.putTypes([record(free), record(taken, 2)])).toBe("stored");
      expect((await store.readTypes([free, taken])).size).toBe(2);
    });

    test("of 16 that put the same revision at once exactly one does", async () => {
      const type = fresh("Card");
      const owners = Array.from({ length: 16 }, (_, n) => `service-${n}`);
      const outcomes = await Promise.all(owners.map((owner) => store.putTypes([record(type, 1, { owner })])));
      expect(outcomes.filter((outcome) => outcome === "stored")).toHaveLength(1);
      expect((await store.readType(type))?.owner).toBe(owners[outcomes.indexOf("stored")]);
    });

    test("fifty types are put at once", async () => {
      const prefix = fresh("n");
      const records = Array.from({ length: 50 }, (_, n) => record(`${prefix}${n}`));
      expect(await store.putTypes(records)).toBe("stored");
      expect((await store.readTypes(records.map(({ type }) => type))).size).toBe(50);
    });

    test("types are listed by name, in pages", async () => {
      const own = await makeStore();
      const types = ["a.B", "a.b", "a.b.C", "b", "z.Z"];
      await own.putTypes(types.toReversed().map((type) => record(type)));
      const names = async (after: string | undefined, limit: number) =>
        (await own.listTypes(after, limit)).map(({ type }) => type);
      expect(await own.listTypes(undefined, 10)).toEqual(types.map((type) => record(type)));
      expect(await names(undefined, 2)).toEqual(["a.B", "a.b"]);
      expect(await names("a.b", 2)).toEqual(["a.b.C", "b"]);
      expect(await names("a.c", 10)).toEqual(["b", "z.Z"]);
      expect(await names("z.Z", 10)).toEqual([]);
    });

    test("descriptors are read back byte for byte, also when they are put twice, and large ones too", async () => {
      for (const size of [1, 350 * 1024]) {
        const hash = randomUUID();
        const bytes = Uint8Array.from({ length: size }, (_, n) => (n * 31) % 256);
        expect(await store.readDescriptors(hash)).toBeUndefined();
        await store.putDescriptors(hash, bytes);
        await store.putDescriptors(hash, bytes);
        expect(Buffer.compare((await store.readDescriptors(hash)) ?? new Uint8Array(), bytes)).toBe(0);
      }
    });
  });
}

cardTypeStoreContract("types of cards in memory", async () => createMemoryCardTypes());
cardTypeStoreContract("types of cards in DynamoDB", async () => {
  const { client, controlTableName } = await testTables();
  return createDynamoCardTypes({ client, tableName: controlTableName });
});

test("what types of cards cost is counted, what was refused as well", async () => {
  const { client, controlTableName } = await testTables();
  const consumed: Consumed[] = [];
  const onConsumed = (one: Consumed) => void consumed.push(one);
  const store = createDynamoCardTypes({ client, tableName: controlTableName, onConsumed });
  const type = fresh("Card");
  await store.putDescriptors("hash", new Uint8Array(10));
  await store.putTypes([record(type)]);
  await store.putTypes([record(type)]);
  await store.readType(type);
  await store.readTypes([type]);
  await store.listTypes(undefined, 1);
  await store.readDescriptors("hash");
  expect(consumed.map(({ operation, refused }) => (refused ? `${operation} refused` : operation))).toEqual([
    ...["put_card_descriptors", "put_card_types", "put_card_types refused", "read_card_type", "read_card_types"],
    ...["list_card_types", "read_card_descriptors"],
  ]);
  expect(consumed.every(({ writeUnits, readUnits }) => writeUnits + readUnits > 0)).toBe(true);
});
