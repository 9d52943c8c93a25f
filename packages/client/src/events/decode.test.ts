import { create, toBinary } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { EntrySchema, type RoomEvent, RoomEventSchema } from "@maru/protocol";
import { expect, test } from "vitest";
import { decodeEvent, kindOfType } from "./decode.ts";
import { UndecodableEventError } from "./errors.ts";

const committedAt = new Date("2026-11-02T10:00:00.123Z");

function record(event: RoomEvent | Uint8Array | null, key: string | null = "r1") {
  const value = event === null || event instanceof Uint8Array ? event : toBinary(RoomEventSchema, event);
  const bytes = key === null ? null : new TextEncoder().encode(key);
  return { topic: "t", partition: 3, offset: 17n, key: bytes, value, headers: {}, timestampMs: 0 };
}

test("an event carries its room, number, typed body and stamps", () => {
  const event = decodeEvent(
    record(
      create(RoomEventSchema, {
        committedAt: timestampFromDate(committedAt),
        healed: true,
        entry: {
          roomId: "r1",
          seq: 42,
          type: "message_sent",
          body: { case: "messageSent", value: { mentions: [], content: { kind: { case: "text", value: {} } } } },
        },
      }),
    ),
  );
  if (event.kind === "unreadable") throw new Error("it holds an entry");
  expect(event).toMatchObject({ kind: "messageSent", roomId: "r1", seq: 42, type: "message_sent", healed: true });
  expect(event.committedAt).toEqual(committedAt);
  expect(event.relayedAt).toBeUndefined();
  if (event.kind !== "messageSent") throw new Error("narrowing by kind");
  expect(event.body.content?.kind.case).toBe("text");
});

test("a type that is not known is a value of its own kind", () => {
  // Field 99 of the body, as a newer contract may have it.
  const entry = toBinary(EntrySchema, create(EntrySchema, { roomId: "r1", seq: 2, type: "poll_started" }));
  const newer = new Uint8Array([...entry, 0x9a, 0x06, 0x02, 0x08, 0x01]);
  const event = decodeEvent(record(new Uint8Array([0x0a, newer.length, ...newer])));
  expect(event).toMatchObject({ kind: "unknown", type: "poll_started", seq: 2, body: undefined });
  if (event.kind !== "unknown") throw new Error("narrowing by kind");
  expect(event.entry.$unknown).toHaveLength(1);
});

test("an entry that the relay could not read is a value of its own, in its place", () => {
  const gap = { roomId: "r1", seq: 7, why: "the item has no type" };
  expect(decodeEvent(record(create(RoomEventSchema, { gap })))).toEqual({ kind: "unreadable", ...gap });
});

test.each([
  ["its gap names no room", record(create(RoomEventSchema, { gap: { seq: 1 } }))],
  ["its gap has no number", record(create(RoomEventSchema, { gap: { roomId: "r1" } }))],
  ["its key is r2, but its room is r1", record(create(RoomEventSchema, { gap: { roomId: "r1", seq: 1 } }), "r2")],
  ["it has no value", record(null)],
  ["its value is no maru.events.v1.RoomEvent", record(new Uint8Array([0xff, 0xff]))],
  ["it holds no entry", record(create(RoomEventSchema))],
  ["its entry names no room", record(create(RoomEventSchema, { entry: { seq: 1, type: "x" } }))],
  ["its entry has no number", record(create(RoomEventSchema, { entry: { roomId: "r1", type: "x" } }))],
  ["its entry has neither type nor body", record(create(RoomEventSchema, { entry: { roomId: "r1", seq: 1 } }))],
  [
    "its entry of type message_sent has no body",
    record(create(RoomEventSchema, { entry: { roomId: "r1", seq: 1, type: "message_sent" } })),
  ],
  [
    "its key is r2, but its room is r1",
    record(create(RoomEventSchema, { entry: { roomId: "r1", seq: 1, type: "x" } }), "r2"),
  ],
  [
    "its key is null, but its room is r1",
    record(create(RoomEventSchema, { entry: { roomId: "r1", seq: 1, type: "x" } }), null),
  ],
])("a record is refused, with its place: %s", (reason, bad) => {
  const error = (() => {
    try {
      return decodeEvent(bad);
    } catch (thrown) {
      return thrown;
    }
  })();
  expect(error).toBeInstanceOf(UndecodableEventError);
  expect(error).toMatchObject({ topic: "t", partition: 3, offset: 17n, reason });
});

test("no event of the contract has the name of a handler that means something else", () => {
  expect(kindOfType.get("message_sent")).toBe("messageSent");
  for (const name of ["unknown", "any", "gap"]) expect([...kindOfType.values()]).not.toContain(name);
});
