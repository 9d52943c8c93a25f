import { ErrorReason } from "@maru/protocol";
import { beforeEach, expect, test } from "vitest";
import { compile } from "../../../test/cards/compile.ts";
import { MaruError } from "../../errors.ts";
import { createMemoryCardTypes } from "../../store/memory-card-types.ts";
import type { CardTypeStore } from "./card-type-store.ts";
import { type CardTypes, createCardTypes } from "./card-types.ts";
import { typeDescriptors } from "./type-descriptors.ts";

const maxAgeMs = 1_000;
const type = "acme.Pay";
const revisions = ["", "string b = 2;", "string b = 2; string c = 3;"].map((more) => {
  const source = `syntax = "proto3"; package acme; message Pay { string a = 1; ${more} }`;
  const found = typeDescriptors(compile({ "pay.proto": source }), [type]).get(type);
  if (found === undefined) throw new Error("the type is there");
  return found;
});

let nowMs: number;
let reads: string[];
let isAway: boolean;
let store: CardTypeStore;
let cards: CardTypes;

beforeEach(() => {
  [nowMs, reads, isAway] = [50_000, [], false];
  store = createMemoryCardTypes();
  cards = createCardTypes({
    store: watched(store),
    clock: { nowMs: () => nowMs },
    limits: { cacheBytes: 1 << 20, maxAgeMs },
  });
});

/** Notes what is read, and fails while the table is away. */
function watched(inner: CardTypeStore): CardTypeStore {
  const noting = <T>(what: string, read: () => Promise<T>) => {
    reads.push(what);
    if (isAway) throw new MaruError(ErrorReason.STORE_UNAVAILABLE);
    return read();
  };
  return {
    ...inner,
    readType: async (one) => noting("type", () => inner.readType(one)),
    readDescriptors: async (hash) => noting("descriptors", () => inner.readDescriptors(hash)),
  };
}

async function register(revision: number): Promise<void> {
  const descriptors = revisions[revision - 1];
  if (descriptors === undefined) throw new Error("there is no such revision");
  const { hash, descriptorSet } = descriptors;
  await store.putDescriptors(hash, descriptorSet);
  const record = { type, owner: "pay", revision, registeredAtMs: nowMs, descriptorHash: hash };
  expect(await store.putTypes([record])).toBe("stored");
}

const revisionOf = async () => (await cards.require(type)).record.revision;
const taken = () => reads.splice(0);

test("a type that is not known is looked for at each call, and found as soon as it is registered", async () => {
  for (let n = 0; n < 2; n++) {
    await expect(revisionOf()).rejects.toMatchObject({ reason: ErrorReason.CARD_TYPE_UNKNOWN });
    expect(taken()).toEqual(["type"]);
  }
  await register(1);
  expect((await cards.require(type)).message.fields.map(({ name }) => name)).toEqual(["a"]);
  expect(taken()).toEqual(["type", "descriptors"]);
});

test("a known type is read once for a while, by one of many calls at once, and then looked at again", async () => {
  await register(1);
  await Promise.all(Array.from({ length: 5 }, revisionOf));
  expect(taken().filter((what) => what === "descriptors")).toHaveLength(1);
  nowMs += maxAgeMs;
  expect(await revisionOf()).toBe(1);
  expect(taken()).toEqual([]);
  await register(2);
  nowMs += 1;
  const seen = await Promise.all(Array.from({ length: 5 }, revisionOf));
  expect(seen.filter((revision) => revision === 2).length).toBeGreaterThan(0);
  expect(taken()).toEqual(["type", "descriptors"]);
  expect((await cards.require(type)).message.fields).toHaveLength(2);
});

test("the newest is read when it is asked for, and what a slower read finds does not replace it", async () => {
  await register(1);
  expect(await revisionOf()).toBe(1);
  await register(2);
  expect(await revisionOf()).toBe(1);
  expect((await cards.requireNewest(type)).record.revision).toBe(2);
  expect(await revisionOf()).toBe(2);
});

test("while the table is away, what is known is used, and what is not known is not said to be unknown", async () => {
  await register(1);
  await revisionOf();
  isAway = true;
  nowMs += 10 * maxAgeMs;
  expect(await revisionOf()).toBe(1);
  await expect(cards.requireNewest(type)).rejects.toMatchObject({ reason: ErrorReason.STORE_UNAVAILABLE });
  await expect(cards.require("acme.Other")).rejects.toMatchObject({ reason: ErrorReason.STORE_UNAVAILABLE });
});

test("descriptors that are larger than the cache are used all the same", async () => {
  await register(1);
  const limits = { cacheBytes: 10, maxAgeMs };
  cards = createCardTypes({ store: watched(store), clock: { nowMs: () => nowMs }, limits });
  for (let n = 0; n < 2; n++) expect(await revisionOf()).toBe(1);
  expect(taken()).toEqual(["type", "descriptors", "descriptors"]);
});
