import { createFlattenHandler } from "../../../packages/analytics/src/delivery/flatten-handler.ts";
import { carryOut, ownCpuMicros } from "../measure/worker.ts";
import { dayOfRecords } from "./day-of-records.ts";
import type { FlattenOrders, SideName } from "./flatten-orders.ts";
import { shippedFlattening } from "./shipped-flattening.ts";

/** As many as Firehose takes rows in a call. */
const recordsPerEvent = 500;

/** Takes an event as Lambda's runtime gets it: as text. Resolves with the number of rows that came of it. */
type TakeEvent = (text: string) => Promise<number>;

let events: readonly string[] = [];
let take: TakeEvent = bareSide;
/** What was printed last: looked at, so that it is made. */
let printed = "";

const orders: FlattenOrders = {
  async prepare({ file, records: count, side }) {
    const records = (await dayOfRecords(file, count)).map(({ record }) => record);
    events = Array.from({ length: Math.ceil(records.length / recordsPerEvent) }, (_, at) =>
      JSON.stringify({ Records: records.slice(at * recordsPerEvent, (at + 1) * recordsPerEvent) }),
    );
    take = sides[side];
    const operations: Record<string, number> = {};
    for (const { eventName = "" } of records) operations[eventName] = (operations[eventName] ?? 0) + 1;
    const bytes = events.reduce((sum, text) => sum + Buffer.byteLength(text), 0);
    return { records: records.length, events: events.length, bytes, operations };
  },
  async round() {
    const before = { atMs: performance.now(), cpuMicros: ownCpuMicros() };
    let rows = 0;
    for (const text of events) rows += await take(text);
    if (printed === "") throw new Error("nothing was printed");
    return { cpuMicros: ownCpuMicros() - before.cpuMicros, ms: performance.now() - before.atMs, rows };
  },
};

/** The least that a handler of JSON does. */
async function bareSide(text: string): Promise<number> {
  printed = JSON.stringify(JSON.parse(text));
  return 0;
}

/** The function's handler with the policy as it is shipped, over a delivery stream that takes all and keeps nothing. */
function maruSide(): TakeEvent {
  let taken = 0;
  const fail = (): never => {
    throw new Error("the bench's records are all readable, and its delivery stream takes them");
  };
  const handler = createFlattenHandler({
    flattening: shippedFlattening(),
    openCardTypes: async () => new Map(),
    stream: {
      async put(rows) {
        taken += rows.length;
        return rows.map(() => undefined);
      },
    },
    failures: { write: fail },
    log: { info: () => undefined, error: fail },
    nowMs: Date.now,
    random: Math.random,
  });
  const context = { getRemainingTimeInMillis: () => 60_000 };
  return async (text) => {
    taken = 0;
    // The runtime prints the answer.
    printed = JSON.stringify(await handler(JSON.parse(text), context));
    return taken;
  };
}

const sides: Record<SideName, TakeEvent> = { bare: bareSide, maru: maruSide() };

carryOut(orders);
