import { create, toBinary } from "@bufbuild/protobuf";
import { MethodOptions_IdempotencyLevel } from "@bufbuild/protobuf/wkt";
import {
  ActorSchema,
  AdminService,
  CardService,
  ContentSchema,
  CreateRoomRequestSchema,
  MessageService,
  ReadService,
  RoomService,
  SendMessageRequestSchema,
  SystemActorSchema,
} from "@maru/protocol";
import { describe, expect, it } from "vitest";
import { bornAtMs, keyScope, lookBackToMs, requestHash, toRequestKey } from "./request-key.ts";

const user = (userId: string) => create(ActorSchema, { kind: { case: "userId", value: userId } });
const service = (name: string) => create(ActorSchema, { kind: { case: "service", value: { name } } });
const system = create(ActorSchema, { kind: { case: "system", value: create(SystemActorSchema) } });
const hourMs = 60 * 60_000;

describe("the time in a key", () => {
  it("is read from a UUIDv7, in either case (the example of RFC 9562)", () => {
    expect(bornAtMs("017f22e2-79b0-7cc3-98c4-dc0c0c07398f")).toBe(1_645_557_742_000);
    expect(bornAtMs("017F22E2-79B0-7CC3-98C4-DC0C0C07398F")).toBe(1_645_557_742_000);
  });

  it.each([
    ["another version", "017f22e2-79b0-4cc3-98c4-dc0c0c07398f"],
    ["another variant", "017f22e2-79b0-7cc3-c8c4-dc0c0c07398f"],
    ["text around it", " 017f22e2-79b0-7cc3-98c4-dc0c0c07398f"],
    ["a missing digit", "017f22e2-79b0-7cc3-98c4-dc0c0c07398"],
    ["plain text", "order-17"],
    ["nothing", ""],
  ])("is unknown for %s", (_what, key) => {
    expect(bornAtMs(key)).toBeUndefined();
  });
});

describe("how far a key is looked for", () => {
  const key = (value: string) =>
    toRequestKey("shop", user("ann"), value, () => "made", SendMessageRequestSchema, create(SendMessageRequestSchema));

  it("is its birth less the skew for a UUIDv7, whatever the time", () => {
    const since = 1_645_557_742_000 - 60_000;
    expect(lookBackToMs(key("017f22e2-79b0-7cc3-98c4-dc0c0c07398f"), 5_000_000_000_000, 60_000)).toBe(since);
  });

  it("is a day for any other key", () => {
    expect(lookBackToMs(key("order-17"), 100 * hourMs, 60_000)).toBe(76 * hourMs);
  });

  it("a missing key is made, and nobody can have used it", () => {
    expect(key("")).toMatchObject({ value: "made", madeHere: true });
    expect(key("order-17")).toMatchObject({ value: "order-17", madeHere: false });
  });
});

describe("the scope of a key", () => {
  it("keeps callers, users, services and the system apart", () => {
    const scopes = [
      keyScope("shop", user("ann"), "k"),
      keyScope("shop", user("bob"), "k"),
      keyScope("shop", user("service"), "k"),
      keyScope("shop", user("system"), "k"),
      keyScope("shop", service("shop"), "k"),
      keyScope("shop", system, "k"),
      keyScope("push", user("ann"), "k"),
      keyScope("shop", user("ann"), "l"),
    ];
    expect(new Set(scopes).size).toBe(scopes.length);
  });
});

describe("the hash of a request", () => {
  it("differs when any field differs", () => {
    const send = { roomId: "r", actor: user("ann"), idempotencyKey: "k" };
    const hashes = [
      send,
      { ...send, actor: user("bob") },
      { ...send, replyToSeq: 1 },
      { ...send, content: create(ContentSchema, { kind: { case: "text", value: { text: "" } } }) },
    ].map((fields) => requestHash(SendMessageRequestSchema, create(SendMessageRequestSchema, fields)));
    expect(new Set(hashes).size).toBe(hashes.length);
  });

  it("does not depend on the order of a map's entries", () => {
    const hash = (attributes: Record<string, string>) =>
      requestHash(CreateRoomRequestSchema, create(CreateRoomRequestSchema, { kind: "group", attributes }));
    expect(hash({ a: "1", b: "2" })).toBe(hash({ b: "2", a: "1" }));
    expect(hash({ a: "1", b: "2" })).not.toBe(hash({ a: "2", b: "1" }));
  });

  it("does not depend on the order of a map's entries deep in the content", () => {
    const hash = (parameters: Record<string, string>) =>
      requestHash(
        SendMessageRequestSchema,
        create(SendMessageRequestSchema, {
          content: { kind: { case: "system", value: { code: "sold", parameters } } },
        }),
      );
    expect(hash({ price: "1", currency: "KRW" })).toBe(hash({ currency: "KRW", price: "1" }));
    expect(hash({ price: "1", currency: "KRW" })).not.toBe(hash({ price: "2", currency: "KRW" }));
  });

  it("covers fields that this version does not know, beside maps too", () => {
    const hash = (byte: number) => {
      const request = create(CreateRoomRequestSchema, { kind: "group", attributes: { a: "1", b: "2" } });
      request.$unknown = [{ no: 900, wireType: 0, data: new Uint8Array([byte]) }];
      return requestHash(CreateRoomRequestSchema, request);
    };
    expect(hash(1)).toBe(hash(1));
    expect(hash(1)).not.toBe(hash(2));
  });

  it("differs between any two writing calls, also where the bytes are the same", () => {
    const writing = [RoomService, MessageService, ReadService, CardService, AdminService]
      .flatMap(({ methods }) => methods)
      .filter(({ idempotency }) => idempotency !== MethodOptions_IdempotencyLevel.NO_SIDE_EFFECTS)
      .map(({ input }) => {
        const request = create(input);
        request.$unknown = [{ no: 900, wireType: 0, data: Uint8Array.of(1) }];
        return { bytes: Buffer.from(toBinary(input, request)).toString("hex"), hash: requestHash(input, request) };
      });
    expect(writing.length).toBeGreaterThan(20);
    expect(new Set(writing.map(({ bytes }) => bytes)).size).toBe(1);
    expect(new Set(writing.map(({ hash }) => hash)).size).toBe(writing.length);
  });
});
