import { expect, it } from "vitest";
import { insertRecord } from "../../test/lambda-events.ts";
import { toChange } from "../store/to-change.ts";
import { type LambdaStreamRecord, toChangeRecord } from "./lambda-record.ts";

it("a record is read as the stream itself gives it: times in seconds, numbers as texts, bytes in base64", () => {
  const seen: unknown[] = [];
  const record: LambdaStreamRecord = {
    eventID: "c4ca4238a0b923820dcc509a6f75849b",
    eventName: "MODIFY",
    dynamodb: {
      ApproximateCreationDateTime: 1_479_499_740,
      SequenceNumber: "4421584500000000017450439091",
      Keys: { room_id: { S: "r" }, sk: { S: "log#0000000001" } },
      NewImage: {
        n: { N: "3.5" },
        b: { B: "/wD/" },
        bs: { BS: ["AA==", "AQ=="] },
        m: { M: { l: { L: [{ B: "Ag==" }, { NULL: true }, { BOOL: false }] }, ss: { SS: ["B"] } } },
        B: { S: "an attribute may be called so" },
      },
    },
  };
  const { committedAtMs, sequenceNumber, raw } = toChangeRecord(record, (given) => {
    seen.push(given);
    return { kind: "ignored", why: "entry_modified" };
  });
  expect({ committedAtMs, sequenceNumber }).toEqual({
    committedAtMs: 1_479_499_740_000,
    sequenceNumber: "4421584500000000017450439091",
  });
  expect(raw).toBe(record);
  expect(seen).toEqual([
    {
      eventName: "MODIFY",
      dynamodb: {
        ApproximateCreationDateTime: new Date(1_479_499_740_000),
        Keys: { room_id: { S: "r" }, sk: { S: "log#0000000001" } },
        NewImage: {
          n: { N: "3.5" },
          b: { B: Uint8Array.of(255, 0, 255) },
          bs: { BS: [Uint8Array.of(0), Uint8Array.of(1)] },
          m: { M: { l: { L: [{ B: Uint8Array.of(2) }, { NULL: true }, { BOOL: false }] }, ss: { SS: ["B"] } } },
          B: { S: "an attribute may be called so" },
        },
        OldImage: undefined,
      },
    },
  ]);
});

it("the insert of an entry is that entry, and nothing in an image makes the reading throw", () => {
  expect(toChangeRecord(insertRecord("r", 3, 1), toChange).change).toMatchObject({ kind: "entry" });
  for (const odd of [{}, { Q: 1 }, { B: 7 }, { M: [] }, { L: {} }, { BS: "x" }])
    expect(() => toChangeRecord(insertRecord("r", 3, 1, { body: odd }), toChange)).not.toThrow();
});
