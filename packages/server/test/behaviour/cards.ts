import { fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { cardOf, type Maru, MaruError, paginate, service, system, user } from "@maru/client";
import type { GetCardResponse } from "@maru/protocol";
import { expect, test } from "vitest";
import { compile } from "../cards/compile.ts";
import { lunch, PaymentRequestSchema, PaymentStatus, registerPayments } from "./payments.ts";
import { invalid, refusal } from "./refusal.ts";
import { found, fresh, openRoom, readLog, type Scene, say } from "./scene.ts";

/** A type that no other test has: `fields` of the message Card in a package of its own. */
function newType() {
  const scope = fresh("acme").replace("-", "_");
  const descriptors = (fields: string, others = "") =>
    compile({ "card.proto": `syntax = "proto3"; package ${scope}; message Card { ${fields} } ${others}` });
  return { type: `${scope}.Card`, other: `${scope}.Other`, descriptors };
}

async function register(maru: Maru, descriptorSet: Uint8Array, ...types: readonly string[]) {
  return (await maru.cards.registerCardTypes({ descriptorSet, types: [...types] })).cardTypes;
}

const cardContent = (type: string, value: Uint8Array) => ({ kind: { case: "card" as const, value: { type, value } } });
const bytes = (...values: readonly number[]) => new Uint8Array(values);
const shown = ({ card, json }: GetCardResponse) => ({ type: card?.type, value: [...(card?.value ?? [])], json });

export function cardsSuite(scene: () => Scene): void {
  test("a type is registered by its first service, found by name, and listed", async () => {
    const { maru, other } = scene();
    const { type, descriptors } = newType();
    const [registered] = await register(maru, descriptors("string a = 1;"), type);
    expect(registered).toMatchObject({ type, owner: "shop", revision: 1 });
    expect(Math.abs(Number(found(found(registered).registeredAt).seconds) * 1000 - Date.now())).toBeLessThan(60_000);
    const { cardType, descriptorSet } = await other.cards.getCardType({ type });
    expect(cardType).toEqual(registered);
    expect(fromBinary(FileDescriptorSetSchema, descriptorSet).file.map(({ name }) => name)).toEqual(["card.proto"]);
    const all = await Array.fromAsync(paginate(other.cards.listCardTypes, { pageSize: 1 }));
    expect(all.find((one) => one.type === type)).toEqual(registered);
    expect(all.map((one) => one.type)).toEqual(all.map((one) => one.type).toSorted());
  });

  test("registering the same again changes nothing, and newer descriptors make a new revision", async () => {
    const { maru, other } = scene();
    const { type, descriptors } = newType();
    const first = await register(maru, descriptors("string a = 1;"), type);
    expect(await register(other, descriptors("string a = 1;"), type)).toEqual(first);
    expect(await register(other, descriptors("string a = 1; int32 b = 2;"), type)).toMatchObject([{ revision: 2 }]);
    const { cardType, descriptorSet } = await maru.cards.getCardType({ type });
    expect(cardType?.revision).toBe(2);
    const message = fromBinary(FileDescriptorSetSchema, descriptorSet).file[0]?.messageType[0];
    expect(message?.field.map(({ name }) => name)).toEqual(["a", "b"]);
  });

  test("a change that older readers would stumble over is refused, with all that is wrong, and registers none", async () => {
    const { maru, other } = scene();
    const { type, other: second, descriptors } = newType();
    await register(maru, descriptors("string a = 1; int32 b = 2;"), type);
    const broken = descriptors("int64 a = 1;", "message Other {}");
    const call = maru.cards.registerCardTypes({ descriptorSet: broken, types: [second, type] });
    const failure: unknown = await call.catch((error: unknown) => error);
    if (!(failure instanceof MaruError)) throw new Error("it was to be refused", { cause: failure });
    expect(failure.message).toContain(
      `${type}.b was deleted without reserving 2 (FIELD_NO_DELETE_UNLESS_NUMBER_RESERVED); and 2`,
    );
    expect(failure.violations.map(({ description }) => description)).toContain(
      `${type}.a has the type int64 now, and was string (FIELD_WIRE_JSON_COMPATIBLE_TYPE)`,
    );
    expect(
      await refusal(other.cards.registerCardTypes({ descriptorSet: broken, types: [second, type] })),
    ).toMatchObject({
      ...{ reason: "CARD_TYPES_INCOMPATIBLE", code: "FAILED_PRECONDITION", metadata: { cardType: type } },
      fields: Array(3).fill("descriptor_set"),
    });
    expect(await refusal(other.cards.getCardType({ type: second }))).toMatchObject({ reason: "CARD_TYPE_UNKNOWN" });
    expect((await maru.cards.getCardType({ type })).cardType?.revision).toBe(1);
  });

  test("a type of another service is refused, also in a race of two services over two servers", async () => {
    const { maru, world, protocol } = scene();
    const { maru: stranger, other: elsewhere } = await world.connect(protocol, "stranger");
    const { type, other: second, descriptors } = newType();
    await register(maru, descriptors("string a = 1;"), type);
    const both = descriptors("string a = 1;", "message Other {}");
    expect(
      await refusal(stranger.cards.registerCardTypes({ descriptorSet: both, types: [second, type] })),
    ).toMatchObject({
      ...{ reason: "CARD_TYPE_NOT_OWNED", code: "PERMISSION_DENIED" },
      metadata: { cardType: type, caller: "stranger" },
    });
    expect(await refusal(maru.cards.getCardType({ type: second }))).toMatchObject({ reason: "CARD_TYPE_UNKNOWN" });
    const race = [maru, elsewhere, maru, elsewhere].map((one) => register(one, both, second).catch(() => undefined));
    const owners = (await Promise.all(race)).map((answer) => answer?.[0]?.owner);
    const { cardType } = await maru.cards.getCardType({ type: second });
    expect(owners.filter((owner) => owner !== undefined)).toEqual(Array(2).fill(cardType?.owner));
  });

  test("two servers that register revisions of one type at once lose none", async () => {
    const { maru, other } = scene();
    const { type, descriptors } = newType();
    const field = (n: number) => `string f${n} = ${n};`;
    await register(maru, descriptors(field(1)), type);
    const sets = [2, 3, 4].map((last) => descriptors(Array.from({ length: last }, (_, n) => field(n + 1)).join(" ")));
    await Promise.allSettled(sets.flatMap((set) => [register(maru, set, type), register(other, set, type)]));
    const { descriptorSet, cardType } = await other.cards.getCardType({ type });
    // A set with fewer fields than the one before it breaks it, so whichever came first, all four fields are there.
    expect(fromBinary(FileDescriptorSetSchema, descriptorSet).file[0]?.messageType[0]?.field).toHaveLength(4);
    expect(cardType?.revision).toBeGreaterThan(1);
  });

  test("what is no descriptor set, or does not hold the type, is refused, and so are names that are none", async () => {
    const { maru } = scene();
    const { type, other: second, descriptors } = newType();
    const descriptorSet = descriptors("string a = 1;");
    expect(await refusal(maru.cards.registerCardTypes({ descriptorSet: bytes(1, 2, 3), types: [type] }))).toMatchObject(
      {
        ...{ reason: "CARD_TYPES_INVALID", code: "INVALID_ARGUMENT", fields: ["descriptor_set"] },
      },
    );
    expect(await refusal(maru.cards.registerCardTypes({ descriptorSet, types: [type, second] }))).toMatchObject({
      ...{ reason: "CARD_TYPES_INVALID", metadata: { cardType: second }, fields: ["types"] },
    });
    expect(await refusal(maru.cards.getCardType({ type }))).toMatchObject({
      ...{ reason: "CARD_TYPE_UNKNOWN", code: "FAILED_PRECONDITION", metadata: { cardType: type } },
    });
    expect(await refusal(maru.cards.registerCardTypes({ descriptorSet, types: ["a b"] }))).toMatchObject(
      invalid("types[0]"),
    );
    expect(await refusal(maru.cards.registerCardTypes({ types: [type] }))).toMatchObject(invalid("descriptor_set"));
    expect(await refusal(maru.cards.listCardTypes({ pageToken: "x" }))).toMatchObject({ reason: "PAGE_TOKEN_INVALID" });
  });

  test("a card is sent typed, read typed, and shown as JSON", async () => {
    const { maru, other } = scene();
    await registerPayments(maru);
    const roomId = await openRoom(maru);
    const { entry } = await other.cards.send(roomId, PaymentRequestSchema, lunch, {
      actor: user("ann"),
      replyToSeq: 1,
    });
    const seq = found(entry).seq;
    const read = await maru.messages.get({ roomId, seq });
    if (read.entry?.body.case !== "messageSent") throw new Error("a card is a message");
    expect(read.entry.body.value.replyToSeq).toBe(1);
    expect(cardOf(PaymentRequestSchema, read.entry.body.value.content)).toMatchObject(lunch);
    const { card, json } = await maru.cards.get({ roomId, seq, actor: user("bob") });
    expect(cardOf(PaymentRequestSchema, card)).toMatchObject(lunch);
    expect(JSON.parse(json)).toEqual({
      ...{ title: "Lunch", amountMinor: "1200", currency: "EUR", status: "PAYMENT_STATUS_OPEN" },
    });
  });

  test("a type that is not registered is refused until it is, on both servers", async () => {
    const { maru, other } = scene();
    const { type, descriptors } = newType();
    const roomId = await openRoom(maru);
    const send = (one: Maru) =>
      one.messages.send({ roomId, actor: user("ann"), content: cardContent(type, bytes(0x0a, 1, 0x41)) });
    for (const one of [maru, other]) {
      expect(await refusal(send(one))).toMatchObject({
        ...{ reason: "CARD_TYPE_UNKNOWN", code: "FAILED_PRECONDITION", metadata: { cardType: type } },
      });
    }
    await register(maru, descriptors("string a = 1;"), type);
    for (const one of [other, maru]) expect((await send(one)).entry).toBeDefined();
    expect(await readLog(maru, roomId)).toHaveLength(3);
  });

  test("bytes that are not a message of the type are refused, and say why", async () => {
    const { maru } = scene();
    const { type, descriptors } = newType();
    await register(maru, descriptors("string a = 1; int32 b = 2;"), type);
    const roomId = await openRoom(maru);
    for (const value of [bytes(0x0a, 5, 0x41), bytes(0x0a, 1, 0xff), bytes(0x12, 1, 0x41), bytes(0x80)]) {
      const call = maru.messages.send({ roomId, actor: user("ann"), content: cardContent(type, value) });
      expect(await refusal(call)).toMatchObject({
        ...{
          reason: "CARD_INVALID",
          code: "INVALID_ARGUMENT",
          metadata: { cardType: type },
          fields: ["content.card.value"],
        },
      });
    }
    expect(await readLog(maru, roomId)).toHaveLength(1);
  });

  test("fields that the descriptors do not name are kept byte for byte, and left out of the JSON until they are named", async () => {
    const { maru, other } = scene();
    const { type, descriptors } = newType();
    await register(maru, descriptors("string a = 1;"), type);
    const roomId = await openRoom(maru);
    // Not as an encoder would write it: the unknown field stands first, and its number is longer than it must be.
    const value = bytes(0x10, 0x87, 0x00, 0x0a, 1, 0x41);
    const { entry } = await maru.messages.send({ roomId, actor: user("ann"), content: cardContent(type, value) });
    const seq = found(entry).seq;
    const before = await other.cards.get({ roomId, seq });
    expect(shown(before)).toEqual({ type, value: [...value], json: '{"a":"A"}' });
    await register(other, descriptors("string a = 1; int32 b = 2;"), type);
    const after = await maru.cards.get({ roomId, seq });
    expect(shown(after)).toEqual({ type, value: [...value], json: '{"a":"A","b":7}' });
  });

  test("a message that is no card, deleted, or in a room that the user is not in, is not shown as one", async () => {
    const { maru } = scene();
    const roomId = await openRoom(maru, ["ann"]);
    const seq = await say(maru, roomId, "hello");
    expect(await refusal(maru.cards.get({ roomId, seq }))).toMatchObject({
      ...{ reason: "CARD_TYPE_MISMATCH", code: "FAILED_PRECONDITION", metadata: { roomId, seq: String(seq) } },
    });
    expect(await refusal(maru.cards.get({ roomId, seq, actor: user("eve") }))).toMatchObject({
      reason: "NOT_A_MEMBER",
    });
    expect(await refusal(maru.cards.get({ roomId, seq: 1 }))).toMatchObject({ reason: "NOT_A_MESSAGE" });
    expect(await refusal(maru.cards.get({ roomId, seq: 99 }))).toMatchObject({ reason: "ENTRY_NOT_FOUND" });
  });

  test("a card without a JSON form is shown as its bytes alone", async () => {
    const { maru } = scene();
    const { type } = newType();
    const scope = type.slice(0, type.lastIndexOf("."));
    const source = `syntax = "proto3"; package ${scope}; import "google/protobuf/any.proto"; message Card { google.protobuf.Any a = 1; }`;
    await register(maru, compile({ "card.proto": source }), type);
    const roomId = await openRoom(maru);
    const value = bytes(0x0a, 7, 0x0a, 5, ...Buffer.from("x/a.B"));
    const { entry } = await maru.messages.send({ roomId, actor: service(), content: cardContent(type, value) });
    const answer = await maru.cards.get({ roomId, seq: found(entry).seq });
    expect(shown(answer)).toEqual({ type, value: [...value], json: "" });
  });

  test("its owner updates a card: the message says it, an entry tells it, and the same call again is the first one", async () => {
    const { maru, other } = scene();
    await registerPayments(maru);
    const roomId = await openRoom(maru);
    const { entry } = await maru.cards.send(roomId, PaymentRequestSchema, lunch, { actor: user("ann") });
    const seq = found(entry).seq;
    const paid = { ...lunch, status: PaymentStatus.PAID };
    const update = (one: Maru, idempotencyKey: string) =>
      one.cards.update(roomId, seq, PaymentRequestSchema, paid, { idempotencyKey });
    const key = fresh("key");
    const first = await update(other, key);
    expect(first.entry).toMatchObject({
      ...{ seq: 3, type: "card_updated", actor: { kind: { case: "service", value: { name: "shop" } } } },
      body: { case: "cardUpdated", value: { targetSeq: seq, editCount: 1 } },
    });
    await say(maru, roomId, "between");
    expect(await update(maru, key)).toEqual(first);
    const { entry: now } = await other.messages.get({ roomId, seq });
    if (now?.body.case !== "messageSent") throw new Error("it is a message still");
    expect(now.body.value).toMatchObject({ editCount: 1, editedAt: first.entry?.createdAt });
    expect(cardOf(PaymentRequestSchema, now.body.value.content)).toMatchObject(paid);
    expect((await update(maru, fresh("key"))).entry?.body.value).toMatchObject({ editCount: 2 });
    expect(await readLog(maru, roomId)).toHaveLength(5);
  });

  test("nobody else updates it, and nothing else becomes a card", async () => {
    const { maru, world, protocol } = scene();
    const { maru: stranger } = await world.connect(protocol, "stranger");
    const { type, other: second, descriptors } = newType();
    await register(maru, descriptors("string a = 1;", "message Other {}"), type, second);
    const roomId = await openRoom(maru);
    const content = cardContent(type, bytes(0x0a, 1, 0x41));
    const seq = found((await maru.messages.send({ roomId, actor: service(), content })).entry).seq;
    const request = { roomId, seq, actor: service(), card: { type, value: bytes() } };
    expect(await refusal(stranger.messages.updateCard(request))).toMatchObject({
      ...{ reason: "CARD_TYPE_NOT_OWNED", code: "PERMISSION_DENIED", metadata: { cardType: type, caller: "stranger" } },
    });
    for (const actor of [user("ann"), system()]) {
      expect(await refusal(maru.messages.updateCard({ ...request, actor }))).toMatchObject({
        reason: "ACTOR_NOT_ALLOWED",
      });
    }
    const plain = await say(maru, roomId, "hello");
    const mismatches = [
      { request: { ...request, card: { type: second, value: bytes() } }, cardType: type },
      { request: { ...request, seq: plain }, cardType: "" },
    ];
    for (const { request, cardType } of mismatches) {
      expect(await refusal(maru.messages.updateCard(request))).toMatchObject({
        ...{ reason: "CARD_TYPE_MISMATCH", code: "FAILED_PRECONDITION", metadata: { roomId, cardType } },
      });
    }
    const refused = [
      [
        { ...request, card: { type, value: bytes(0x0a, 9) } },
        { reason: "CARD_INVALID", fields: ["card.value"] },
      ],
      [{ ...request, card: { type: `${type}s`, value: bytes() } }, { reason: "CARD_TYPE_UNKNOWN" }],
      [{ ...request, seq: 1 }, { reason: "NOT_A_MESSAGE" }],
      [{ ...request, seq: 99 }, { reason: "ENTRY_NOT_FOUND" }],
      [{ ...request, roomId: fresh("nowhere") }, { reason: "ROOM_NOT_FOUND" }],
    ] as const;
    for (const [wrong, told] of refused) expect(await refusal(maru.messages.updateCard(wrong))).toMatchObject(told);
    expect(await readLog(maru, roomId)).toHaveLength(3);
  });

  test("a card is not updated more often than a message is changed, nor in a room that takes nothing", async () => {
    const { maru, other, world } = scene();
    const { type, descriptors } = newType();
    await register(maru, descriptors("string a = 1;"), type);
    const roomId = await openRoom(maru);
    const content = cardContent(type, bytes());
    const seq = found((await maru.messages.send({ roomId, actor: service(), content })).entry).seq;
    const update = (one: Maru) => one.messages.updateCard({ roomId, seq, actor: service(), card: { type } });
    for (let n = 0; n < 5; n++) await update(n % 2 === 0 ? maru : other);
    expect(await refusal(update(maru))).toMatchObject({
      ...{
        reason: "EDIT_LIMIT_REACHED",
        code: "FAILED_PRECONDITION",
        metadata: { roomId, seq: String(seq), limit: "5" },
      },
    });
    await maru.rooms.close({ roomId, actor: service() });
    expect(await refusal(update(other))).toMatchObject({ reason: "ROOM_CLOSED" });
    const logged = await world.store.readEntry(roomId, seq);
    expect(logged?.record?.contentSeqs).toEqual([3, 4, 5, 6, 7]);
    expect(logged?.record?.original?.content).toMatchObject(content);
  });
}
