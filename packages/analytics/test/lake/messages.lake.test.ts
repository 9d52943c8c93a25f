import { join } from "node:path";
import { expect, inject, test } from "vitest";
import { openLakeSql } from "./lake-sql.ts";
import { proveLake } from "./prove-lake.ts";

test("the view says of every room what the service says, whatever happens on the way, and forgets who is erased", async () => {
  const lake = await openLakeSql();
  const { dynamodb, kafka } = inject("stack");
  const proof = await proveLake({
    ...{ dynamodb, brokers: kafka.brokers, objectStore: inject("lake").objectStore, lake },
    file: join(import.meta.dirname, "../../../../examples/demo/data/irc-20-rooms.ndjson.gz"),
    ...{ maxRooms: 4, kills: 3, signal: new AbortController().signal, onProgress: () => undefined },
  });
  expect(proof).toMatchObject({ rooms: 4, kills: 3, differentRooms: [], differentAfterErasure: [], rowsLeft: 0 });
  expect(proof.messages).toBeGreaterThan(1_000);
  expect(proof.repeatedRows).toBeGreaterThan(0);
  expect(proof.rewrittenRows).toBeGreaterThan(0);
});
