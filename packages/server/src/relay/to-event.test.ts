import { create, fromBinary, type MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs, timestampMs } from "@bufbuild/protobuf/wkt";
import { EntrySchema, HoldState, MessageSchema, ReadMarkerEventSchema, RoomEventSchema } from "@maru/protocol";
import { describe, expect, it } from "vitest";
import type { LoggedEntry } from "../domain/store.ts";
import { toEvent } from "./to-event.ts";

const origin = { topics: { roomEvents: "rooms", readMarkers: "markers" }, source: "maru-test", relayedAtMs: 2_345 };

const logged: LoggedEntry = {
  entry: create(EntrySchema, {
    roomId: "room-1",
    seq: 42,
    type: "message_sent",
    caller: "orders",
    createdAt: timestampFromMs(77),
    body: { case: "messageSent", value: { content: { kind: { case: "text", value: { text: "héllo 👋" } } } } },
  }),
  requestHash: "hash",
  appendedAtMs: 1_234,
};

describe("an entry's event", () => {
  const event = toEvent({ kind: "entry", entry: logged, committedAtMs: 1_000 }, origin);
  const decoded = fromBinary(RoomEventSchema, event?.value ?? new Uint8Array());

  it("is keyed by its room and holds the whole entry", () => {
    expect(event).toMatchObject({ topic: "rooms", key: "room-1" });
    expect(decoded.entry).toEqual(logged.entry);
    expect(decoded.healed).toBe(false);
  });

  it("says when the server appended the entry, to the millisecond, and when the relay took it", () => {
    expect(decoded.committedAt && timestampMs(decoded.committedAt)).toBe(1_234);
    expect(decoded.relayedAt && timestampMs(decoded.relayedAt)).toBe(2_345);
  });

  it("carries CloudEvents attributes and its number as headers", () => {
    expect(event?.headers).toEqual({
      ce_specversion: "1.0",
      ce_id: "room-1/42",
      ce_source: "maru-test",
      ce_type: "maru.events.v1.message_sent",
      ce_time: "1970-01-01T00:00:01.234Z",
      "content-type": "application/protobuf",
      seq: "42",
    });
  });

  it("carries the trace context of the call that made the entry, in the entry and as a header", () => {
    const traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    const entry = { ...logged, entry: { ...logged.entry, traceparent } };
    const traced = toEvent({ kind: "entry", entry, committedAtMs: 0 }, origin);
    expect(traced?.headers).toMatchObject({ traceparent });
    expect(fromBinary(RoomEventSchema, traced?.value ?? new Uint8Array()).entry).toMatchObject({ traceparent });
  });

  it("says that it was healed", () => {
    const healed = toEvent({ kind: "entry", entry: logged, committedAtMs: 0 }, { ...origin, healed: true });
    expect(fromBinary(RoomEventSchema, healed?.value ?? new Uint8Array()).healed).toBe(true);
  });
});

describe("the event of a message in two steps", () => {
  const content = { kind: { case: "text" as const, value: { text: "secret" } } };
  const mentions = [{ target: { case: "userId" as const, value: "ann" } }];
  const message = { content, mentions, replyToSeq: 7 };
  const eventOf = (body: NonNullable<MessageInitShape<typeof EntrySchema>["body"]>, healed: boolean) => {
    const entry = { ...logged, entry: create(EntrySchema, { roomId: "room-1", seq: 42, type: "message_sent", body }) };
    return toEvent({ kind: "entry", entry, committedAtMs: 0 }, { ...origin, healed })?.value ?? new Uint8Array();
  };

  it.each([false, true])("has its number and not what it says, as long as it is held (healed: %s)", (healed) => {
    const held = { ...message, holdState: HoldState.HELD, holdExpiresAt: timestampFromMs(99) };
    const value = eventOf({ case: "messageSent", value: held }, healed);
    expect(Buffer.from(value).toString("latin1")).not.toMatch(/secret|ann/);
    expect(fromBinary(RoomEventSchema, value).entry).toMatchObject({
      seq: 42,
      body: { value: { replyToSeq: 7, holdState: HoldState.HELD, holdExpiresAt: timestampFromMs(99), mentions: [] } },
    });
  });

  it("has what it says once it is committed", () => {
    const committed = create(MessageSchema, { ...message, holdState: HoldState.COMMITTED });
    const bodies = [
      { case: "messageSent", value: committed },
      { case: "messageCommitted", value: { targetSeq: 42, message: committed } },
    ] as const;
    for (const body of bodies) {
      const { entry } = fromBinary(RoomEventSchema, eventOf(body, true));
      expect(entry?.body.value).toEqual(create(EntrySchema, { body }).body.value);
    }
  });
});

describe("a read marker's event", () => {
  it("is keyed by room and user and names the position", () => {
    const event = toEvent({ kind: "read_marker", roomId: "room-1", userId: "u/7", readSeq: 9 }, origin);
    expect(event).toMatchObject({
      topic: "markers",
      key: "room-1/u/7",
      headers: { ce_id: "room-1/u/7/9", ce_type: "maru.events.v1.read_marker_moved" },
    });
    const decoded = fromBinary(ReadMarkerEventSchema, event?.value ?? new Uint8Array());
    expect(decoded).toMatchObject({ roomId: "room-1", userId: "u/7", readSeq: 9, relayedAt: timestampFromMs(2_345) });
  });
});

it("makes no event of a change that others do not hear of", () => {
  expect(toEvent({ kind: "ignored", why: "room_state" }, origin)).toBeUndefined();
});
