import type { ConsumedRecord } from "@maru/kafka";
import { expect, it } from "vitest";
import { toDeadLetterEvent } from "./dead-letter.ts";
import { overLetter, toOpenLetters } from "./open-letters.ts";

const letter = (seq: number, why: string, sequenceNumber = "9") =>
  toDeadLetterEvent(
    {
      kind: "poison_record",
      why,
      roomId: "r",
      sortKey: `log#000000000${seq}`,
      seq,
      shardId: "shard-1",
      sequenceNumber,
      record: {
        eventName: "INSERT",
        dynamodb: { ApproximateCreationDateTime: new Date(1_500), bytes: Buffer.from("hi") },
      },
    },
    "dead",
    seq * 1_000,
  );
const lying = (sent: { key: string; value: Uint8Array | null; headers: Record<string, string> }) =>
  ({ ...sent, topic: "dead", partition: 0, offset: 0n, timestampMs: 0, key: Buffer.from(sent.key) }) as ConsumedRecord;

it("a letter names its item and why, and holds the record whole, as AWS writes records", () => {
  expect(toOpenLetters([lying(letter(3, "it has no body"))])).toEqual([
    {
      roomId: "r",
      sortKey: "log#0000000003",
      seq: 3,
      kind: "poison_record",
      why: "it has no body",
      shard: "shard-1",
      sequenceNumber: "9",
      relayedAt: "1970-01-01T00:00:03.000Z",
      json: '{"eventName":"INSERT","dynamodb":{"ApproximateCreationDateTime":1.5,"bytes":"aGk="}}',
    },
  ]);
});

it("lists each item once, however often a relay repeated it, and not what is over", () => {
  const [two, again, three] = [letter(2, "it has no type"), letter(2, "it has no body"), letter(3, "it has no type")];
  const over = overLetter({ roomId: "r", sortKey: "log#0000000003" });
  const open = toOpenLetters([two, three, again, over].map(lying));
  expect(open.map(({ seq, why }) => [seq, why])).toEqual([[2, "it has no body"]]);
});
