import { randomBytes } from "node:crypto";
import { type Client, createClient, type Interceptor } from "@connectrpc/connect";
import { createGrpcWebTransport } from "@connectrpc/connect-node";
import { connectMaru } from "@maru/client";
import { EventService, type WatchRoomResponse } from "@maru/protocol";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type MemoryServer, startMemoryServer } from "./memory-server.ts";
import { creation, textEntry } from "./store-fixtures.ts";

let server: MemoryServer;
let open: AsyncDisposableStack;
beforeEach(async () => {
  open = new AsyncDisposableStack();
  server = open.use(await startMemoryServer());
  const { entry, change } = creation("r1", ["ann"]);
  await server.store.putEntryWithState(entry, change);
});
afterEach(() => open.disposeAsync());

const timeout = 20_000;
type Events = Pick<Client<typeof EventService>, "watchRoom">;

/** Clients without retries, or with none that matters here: what is seen is what the server did. */
const wires: Record<string, () => Events> = {
  gRPC: () => open.use(connectMaru({ address: server.grpcAddress, token: server.token })).events,
  Connect: () => open.use(connectMaru({ address: `http://${server.httpAddress}`, token: server.token })).events,
  "gRPC-Web": () => {
    const http = { baseUrl: `http://${server.httpAddress}`, httpVersion: "1.1" as const };
    return createClient(EventService, createGrpcWebTransport({ ...http, interceptors: [withToken] }));
  },
};

const withToken: Interceptor = (next) => (request) => {
  request.header.set("authorization", `Bearer ${server.token}`);
  return next(request);
};

async function gauge(name: string): Promise<number> {
  const line = new RegExp(`^${name} (\\d+)$`, "m").exec(await server.telemetry.text());
  return Number(line?.[1]);
}

describe.each(Object.keys(wires))("over %s", (wire) => {
  const watch = (signal?: AbortSignal): AsyncIterable<WatchRoomResponse> => {
    const events = wires[wire]?.();
    if (events === undefined) throw new Error(`no wire ${wire}`);
    return events.watchRoom({ roomId: "r1" }, signal === undefined ? {} : { signal });
  };

  test("a shutdown ends a stream well, with the number to go on from", async () => {
    await server.store.putEntry(textEntry("r1", 2));
    const kinds: unknown[] = [];
    let drained: Promise<boolean> | undefined;
    for await (const { kind } of watch()) {
      kinds.push([kind.case, kind.case === "ending" ? kind.value.resumeAfter : undefined]);
      if (kind.case === "heartbeat") drained = server.drain();
    }
    expect(kinds).toEqual([
      ["entries", undefined],
      ["heartbeat", undefined],
      ["ending", 2],
    ]);
    expect(await drained).toBe(true);
  });

  test("of a caller who left nothing is left", async () => {
    const leaving = new AbortController();
    const reading = (async () => {
      for await (const { kind } of watch(leaving.signal)) if (kind.case === "heartbeat") leaving.abort();
    })();
    await expect(reading).rejects.toThrow();
    await expect.poll(() => gauge("maru_rooms_watched"), { timeout }).toBe(0);
    await expect.poll(() => gauge("maru_rpc_calls_in_flight"), { timeout }).toBe(0);
  });

  test("a caller who reads slowly is waited for: what they have not read lies in the table", async () => {
    const count = 2_500;
    await fill(count);
    const parts = watch()[Symbol.asyncIterator]();
    const seqs: number[] = [];
    const take = async () => {
      const { done, value } = await parts.next();
      if (done || value.kind.case !== "entries") return;
      seqs.push(...value.kind.value.entries.map(({ seq }) => seq));
    };
    await take();
    await standstill();
    // 50 reads bring all of it, 25 MB; what is under way may fill the buffers of two sockets.
    expect(server.reads()).toBeLessThan(40);
    while (seqs.length < count) await take();
    expect(seqs).toEqual(Array.from({ length: count }, (_, index) => index + 1));
    await parts.return?.();
  });

  test("a caller who does not read holds a shutdown up for a moment only", async () => {
    await fill(2_500);
    const parts = watch()[Symbol.asyncIterator]();
    await parts.next();
    await standstill();
    expect(await server.drain()).toBe(true);
    expect(await gauge("maru_rooms_watched")).toBe(0);
    const rest = async () => {
      for (let next = await parts.next(); !next.done; next = await parts.next());
    };
    await expect(rest()).rejects.toThrow(/shutting down|DRAINING/);
  });

  test("of a caller who stopped reading and left nothing is left", async () => {
    await fill(2_500);
    const leaving = new AbortController();
    const parts = watch(leaving.signal)[Symbol.asyncIterator]();
    await parts.next();
    await standstill();
    leaving.abort();
    await expect.poll(() => gauge("maru_rooms_watched"), { timeout }).toBe(0);
    await expect.poll(() => gauge("maru_rpc_calls_in_flight"), { timeout }).toBe(0);
  });
});

/** Texts of 10 KB that cannot be compressed. */
async function fill(count: number): Promise<void> {
  for (let seq = 2; seq <= count; seq++) {
    await server.store.putEntry(textEntry("r1", seq, randomBytes(7_500).toString("base64")));
  }
}

/** Waits until the server has stopped reading: looks twice, with enough time between to read all. */
async function standstill(): Promise<void> {
  let last = -1;
  await expect
    .poll(
      () => {
        const stands = server.reads() === last;
        last = server.reads();
        return stands;
      },
      { timeout, interval: 500 },
    )
    .toBe(true);
}
