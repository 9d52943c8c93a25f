import { create, equals } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { EntrySchema, HoldState, MemberRole } from "@maru/protocol";
import fc from "fast-check";
import { expect, test } from "vitest";
import { arbitraryEntry } from "../../test/store-arbitrary.ts";
import { logged, textEntry } from "../../test/store-fixtures.ts";
import { itemSizeBytes } from "./item-size.ts";
import { fromItem, fromMemberItem, fromMetaItem, toItem } from "./items.ts";

test("any entry comes back from its item as it was", () => {
  fc.assert(
    fc.property(arbitraryEntry(), (entry) => {
      const back = fromItem(toItem({ entry, requestHash: "h", appendedAtMs: 1_750_000_000_123 }));
      expect(equals(EntrySchema, back.entry, entry)).toBe(true);
      expect(back).toMatchObject({ requestHash: "h", appendedAtMs: 1_750_000_000_123 });
    }),
    { numRuns: 1_000 },
  );
});

test("numbers that DynamoDB cannot hold come back too", () => {
  for (const latitude of [Number.NaN, Infinity, -Infinity, -0, 5e-324, 1e-130, 1e125, Number.MAX_VALUE, 37.566535]) {
    const value = { content: { kind: { case: "location" as const, value: { latitude } } } };
    const entry = logged("r", 1, { type: "message_sent", body: { case: "messageSent", value } });
    const { body } = fromItem(toItem(entry)).entry;
    const kind = body.case === "messageSent" ? body.value.content?.kind : undefined;
    expect(kind?.case === "location" && Object.is(kind.value.latitude, latitude), String(latitude)).toBe(true);
  }
});

test("a text that looks like an empty value of another type is kept", () => {
  for (const text of ["0", "false", "null", "NaN", "{}", " "]) {
    const { body } = fromItem(toItem(textEntry("r", 1, text))).entry;
    const kind = body.case === "messageSent" ? body.value.content?.kind : undefined;
    expect(kind).toMatchObject({ case: "text", value: { text } });
  }
});

test("an item can be read by people", () => {
  const entry = logged("room-1", 42, {
    type: "message_sent",
    actor: { kind: { case: "userId", value: "ann" } },
    idempotencyKey: "k",
    stateSeq: 40,
    body: {
      case: "messageSent",
      value: {
        content: {
          kind: { case: "media", value: { items: [{ url: "u", mediaType: "image/png", sizeBytes: 5_000_000_000n }] } },
        },
        holdState: HoldState.HELD,
        holdExpiresAt: timestampFromMs(Date.UTC(2026, 0, 2, 3, 4, 5, 6)),
        mentions: [{ target: { case: "everybody", value: {} }, lengthUtf16: 3 }],
      },
    },
  });
  expect(toItem(entry)).toEqual({
    room_id: { S: "room-1" },
    sk: { S: "log#0000000042" },
    owner: { S: "#held#12" },
    v: { N: "1" },
    type: { S: "message_sent" },
    seq: { N: "42" },
    actor: { M: { user_id: { S: "ann" } } },
    caller: { S: "tests" },
    created_at: { S: "2026-06-01T12:00:00.165Z" },
    appended_at: { S: "2026-06-01T12:00:00.166Z" },
    state_seq: { N: "40" },
    idempotency_key: { S: "k" },
    request_hash: { S: "hash-42" },
    body: {
      M: {
        content: {
          M: {
            media: {
              M: {
                items: {
                  L: [{ M: { url: { S: "u" }, media_type: { S: "image/png" }, size_bytes: { N: "5000000000" } } }],
                },
              },
            },
          },
        },
        mentions: { L: [{ M: { everybody: { M: {} }, length_utf16: { N: "3" } } }] },
        hold_state: { S: "HOLD_STATE_HELD" },
        hold_expires_at: { S: "2026-01-02T03:04:05.006Z" },
      },
    },
  });
});

test("a text of 300 bytes that is traced costs one write unit", () => {
  const entry = textEntry("b2f7c1c4-1d4e-4c55-9d5c-0f8a6a1b2c3d", 4_294_967_295, "가".repeat(100));
  entry.entry.actor = logged("", 1, { actor: { kind: { case: "userId", value: "u".repeat(36) } } }).entry.actor;
  entry.entry.caller = "marketplace-backend";
  entry.entry.stateSeq = 4_294_967_295;
  entry.entry.traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  const sizeBytes = itemSizeBytes(toItem({ ...entry, requestHash: "x".repeat(44) }));
  expect(sizeBytes).toBeLessThan(1024);
});

test("a trace context is in the item when there is one", () => {
  const entry = textEntry("r", 2);
  expect(toItem(entry)).not.toHaveProperty("traceparent");
  entry.entry.traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  expect(toItem(entry)).toMatchObject({ traceparent: { S: entry.entry.traceparent } });
});

test("an item of an unknown type keeps its type and has no body", () => {
  const item = { ...toItem(textEntry("r", 3)), type: { S: "poll_opened" } };
  const { entry } = fromItem(item);
  expect(entry).toMatchObject({ roomId: "r", seq: 3, type: "poll_opened", caller: "tests", stateSeq: 1 });
  expect(entry.body.case).toBeUndefined();
});

test("the body of a later version is not interpreted", () => {
  const { entry } = fromItem({ ...toItem(textEntry("r", 3)), v: { N: "2" } });
  expect(entry.type).toBe("message_sent");
  expect(entry.body.case).toBeUndefined();
});

test("unknown attributes, enum names and kinds of content are left out, and the rest is read", () => {
  const item = toItem(textEntry("r", 3));
  const { entry } = fromItem({
    ...item,
    mood: { S: "good" },
    body: {
      M: {
        content: { M: { hologram: { M: { depth: { N: "3" } } } } },
        hold_state: { S: "HOLD_STATE_MELTED" },
        reply_to_seq: { N: "2" },
        sparkle: { L: [] },
      },
    },
  });
  const expected = create(EntrySchema, { body: { case: "messageSent", value: { content: {}, replyToSeq: 2 } } }).body;
  expect(entry.body).toEqual(expected);
});

test("no item makes the reader throw", () => {
  const names = fc.constantFrom(
    ...["content", "text", "media", "items", "mentions", "user_id", "hold_state", "edited_at", "size_bytes", "actor"],
    ...["kind", "constructor", "__proto__", "toString", "parameters", "system", "card", "value", "latitude"],
  );
  const attribute = fc.letrec<{ any: object }>((tie) => ({
    any: fc.oneof(
      { depthSize: "small" },
      fc.record({ S: fc.string() }),
      fc.record({ N: fc.constantFrom("1", "-1", "1.5", "1e400", "99999999999999999999", "") }),
      fc.record({ B: fc.uint8Array() }),
      fc.record({ BOOL: fc.boolean() }),
      fc.constant({ NULL: true }),
      fc.constant({ SS: ["a"] }),
      fc.constant({}),
      fc.record({ L: fc.array(tie("any"), { maxLength: 3 }) }),
      fc.record({ M: fc.dictionary(names, tie("any"), { maxKeys: 4, noNullPrototype: true }) }),
    ),
  })).any;
  const types = fc.constantFrom("message_sent", "room_created", "members_added", "x", "__proto__", "constructor");
  const item = fc
    .tuple(fc.dictionary(fc.oneof(names, fc.constantFrom("seq", "body", "created_at", "v", "sk")), attribute), types)
    .map(([attributes, type]) => ({ type: { S: type }, ...attributes }));
  fc.assert(
    fc.property(item, (any) => {
      const arbitraryItem = any as Parameters<typeof fromItem>[0];
      expect(() => [fromItem(arbitraryItem), fromMetaItem(arbitraryItem), fromMemberItem(arbitraryItem)]).not.toThrow();
    }),
    { numRuns: 1_000 },
  );
});

test("known attributes whose value is not of their type make an item unreadable", () => {
  const item = {
    ...toItem(textEntry("r", 3)),
    caller: { N: "1" },
    body: { M: { content: { S: "text" }, mentions: { L: [{ S: "x" }] } } },
  };
  expect(fromItem(item).unreadable).toBe("values are not of their types: caller, content, mentions");
});

test("a member is read from its item, whoever wrote more into it", () => {
  const member = fromMemberItem({
    room_id: { S: "r" },
    sk: { S: "member#a#b" },
    v: { N: "2" },
    owner: { S: "a#b" },
    role: { S: "MEMBER_ROLE_ADMIN" },
    joined_seq: { N: "4" },
    hidden: { BOOL: true },
    nickname: { S: "x" },
  });
  expect(member).toMatchObject({
    roomId: "r",
    userId: "a#b",
    role: MemberRole.ADMIN,
    joinedSeq: 4,
    leftSeq: 0,
    hidden: true,
  });
});
