import { inspect } from "node:util";
import { create, toBinary } from "@bufbuild/protobuf";
import { EntrySchema, RoomEventSchema } from "@maru/protocol";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { sampleEvents } from "../../test/samples/sample-events.ts";
import { decodeEvent, decodeWhole, kindOfType, type UnreadableEntry } from "./decode.ts";
import { UndecodableEventError } from "./errors.ts";
import type { AnyEvent } from "./handlers.ts";
import { scanEvent } from "./scan-event.ts";
import { ScannedEvent } from "./scanned-event.ts";

const samples = [...sampleEvents()].map(([name, event]) => ({ name, event, value: toBinary(RoomEventSchema, event) }));

function recordOf(value: Uint8Array, key = "room-1") {
  return { topic: "t", partition: 0, offset: 1n, key: Buffer.from(key), value, headers: {}, timestampMs: 0 };
}

type Read = (record: ReturnType<typeof recordOf>) => AnyEvent | UnreadableEntry;

/** All that an event says, or how it was refused. */
function told(read: Read, value: Uint8Array, key?: string): unknown {
  try {
    const event = read(recordOf(value, key));
    if (event.kind === "unreadable") return event;
    const { roomId, seq, entry, type, committedAt, streamedAt, relayedAt, healed, kind, body } = event;
    return { roomId, seq, entry, type, committedAt, streamedAt, relayedAt, healed, kind, body };
  } catch (error) {
    if (!(error instanceof UndecodableEventError)) throw error;
    return { refused: error.reason };
  }
}

function expectAgreement(value: Uint8Array, key?: string): void {
  expect(told(decodeEvent, value, key)).toEqual(told(decodeWhole, value, key));
}

test("there is a sample of each type, and what the relay writes is scanned, with every field set and with few", () => {
  expect(new Set(samples.map(({ event }) => event.entry?.type))).toEqual(new Set(kindOfType.keys()));
  const key = Buffer.from("room-1");
  for (const { name, event, value } of samples) {
    expect(scanEvent(value, key), name).toBeInstanceOf(ScannedEvent);
    const { roomId = "", seq = 0, type = "", body } = event.entry ?? {};
    const bare = create(RoomEventSchema, { entry: { roomId, seq, type, ...(body && { body }) } });
    expect(scanEvent(toBinary(RoomEventSchema, bare), key), name).toBeInstanceOf(ScannedEvent);
  }
});

test.each(samples)("scanning and decoding agree on $name", ({ value }) => {
  expectAgreement(value);
  expectAgreement(value, "room-2");
});

describe("scanning and decoding agree", () => {
  const oneSample = fc.constantFrom(...samples);

  test("on any times, numbers, names and actors, with any fields unset", () => {
    const names = fc.oneof(fc.string(), fc.string({ unit: "grapheme" }), fc.constant(""));
    const times = fc.record({ seconds: fc.bigInt(-(10n ** 10n), 10n ** 11n), nanos: fc.nat(999_999_999) });
    const actors = fc.oneof(
      names.map((userId) => ({ kind: { case: "userId" as const, value: userId } })),
      names.map((name) => ({ kind: { case: "service" as const, value: { name } } })),
      fc.constant({ kind: { case: "system" as const, value: {} } }),
    );
    const few = { requiredKeys: [] };
    const entries = fc.record(
      {
        roomId: names,
        seq: fc.nat(),
        actor: actors,
        caller: names,
        createdAt: times,
        stateSeq: fc.nat(),
        idempotencyKey: names,
        traceparent: names,
      },
      few,
    );
    const events = fc.record({ committedAt: times, relayedAt: times, streamedAt: times, healed: fc.boolean() }, few);
    fc.assert(
      fc.property(oneSample, entries, events, ({ event }, entry, stamps) => {
        const { type = "", body } = event.entry ?? {};
        const named = { roomId: "room-1", seq: 7, ...entry, type, ...(body && { body }) };
        const value = toBinary(RoomEventSchema, create(RoomEventSchema, { entry: named, ...stamps }));
        expectAgreement(value, named.roomId);
      }),
    );
  });

  test("whatever bytes are changed, put in, or cut out", () => {
    const change = fc.record({ at: fc.nat(400), cut: fc.nat(3), put: fc.uint8Array({ maxLength: 3 }) });
    fc.assert(
      fc.property(oneSample, fc.array(change, { minLength: 1, maxLength: 3 }), ({ value }, changes) => {
        let bytes = [...value];
        for (const { at, cut, put } of changes) bytes = bytes.toSpliced(at % bytes.length, cut, ...put);
        expectAgreement(new Uint8Array(bytes));
      }),
      { numRuns: 2000 },
    );
  });

  test("on fields that come twice, in another order, or are new, and on a newer type", () => {
    for (const { value, event } of samples.slice(0, 5)) {
      const entry = toBinary(EntrySchema, event.entry ?? create(EntrySchema));
      const inEntry = (...bytes: number[]) =>
        new Uint8Array([0x0a, ...varint(entry.length + bytes.length), ...entry, ...bytes]);
      expectAgreement(new Uint8Array([...value, ...value]));
      expectAgreement(inEntry(0x10, 0x09)); // another number after the body
      expectAgreement(inEntry(0x9a, 0x06, 0x02, 0x08, 0x01)); // field 99
      expectAgreement(inEntry(0xb2, 0x01, 0x00)); // another body
      expectAgreement(new Uint8Array([...value, 0xf8, 0x07, 0x01])); // field 127 of the event
      expectAgreement(new Uint8Array([...value, 0])); // no tag
      expectAgreement(new Uint8Array([...value.subarray(1), value[0] ?? 0]));
    }
  });
});

function varint(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(value >>> 7)];
}

describe("a scanned event", () => {
  const sample = samples.find(({ name }) => name.startsWith("message_sent"));
  const scanned = () => decodeEvent(recordOf(sample?.value ?? new Uint8Array())) as AnyEvent;

  test("gives the same entry, times and body each time, and the body is that of the entry", () => {
    const event = scanned();
    expect(event.entry).toBe(event.entry);
    expect(event.committedAt).toBe(event.committedAt);
    expect(event.entry.body.value).toBe(event.body);
  });

  test("is shown whole by console.log and as JSON, as one is that was read from the table", () => {
    const whole = decodeWhole(recordOf(sample?.value ?? new Uint8Array()));
    for (const key of ["room-1", "entry", "committedAt", "body"]) expect(inspect(scanned())).toContain(key);
    expect(inspect(scanned(), { depth: null })).toBe(inspect(whole, { depth: null }));
    expect(JSON.parse(JSON.stringify(scanned()))).toEqual(JSON.parse(JSON.stringify(whole)));
    expect(JSON.parse(JSON.stringify(scanned()))).toMatchObject({ kind: "messageSent", entry: { roomId: "room-1" } });
  });
});
