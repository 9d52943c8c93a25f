import { Code, ConnectError } from "@connectrpc/connect";
import { ErrorReason, MessageService, type SendMessageRequest } from "@maru/protocol";
import { Health } from "@maru/protocol/grpc";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { rankServers } from "../src/affinity.ts";
import { type ConnectOptions, connectMaru, isReason, MaruError, paginate, text, user } from "../src/index.ts";
import { type Answer, type CannedServer, refusal, silence } from "./rpc-canned.ts";
import { startGrpcServer } from "./rpc-grpc-server.ts";
import { startHttpServer } from "./rpc-http-server.ts";

const hello = { roomId: "r1", actor: user("u1"), content: text("hi") };
const sent: Answer = ({ roomId }) => ({ entry: { roomId, seq: 7 } });

/** Answers the calls in turn, and the rest as the last one. */
function inTurn(...answers: Answer[]): Answer {
  let turn = 0;
  return (seen) => (answers[Math.min(turn++, answers.length - 1)] ?? sent)(seen);
}

const fail =
  (error: Error): Answer =>
  () => {
    throw error;
  };

/** Keeps something for as long as the test runs. */
function during<T extends AsyncDisposable>(thing: T): T {
  onTestFinished(() => thing[Symbol.asyncDispose]());
  return thing;
}

async function rejection(promise: Promise<unknown>): Promise<MaruError> {
  const error: unknown = await promise.then(
    () => undefined,
    (thrown) => thrown,
  );
  if (error instanceof MaruError) return error;
  throw new Error(`expected a MaruError, got ${error}`);
}

describe.each([
  ["gRPC", startGrpcServer],
  ["Connect", startHttpServer],
])("over %s", (_name, start) => {
  const serve = async (answer: Answer, port?: number) => during(await start(answer, port));
  const connect = (servers: CannedServer | CannedServer[], options: Partial<ConnectOptions> = {}) =>
    during(connectMaru({ address: [servers].flat().map(({ address }) => address), timeoutMs: 5000, ...options }));

  test("a message is sent with token and key, and its entry comes back", async () => {
    const server = await serve(sent);
    const { entry } = await connect(server, { token: "t1" }).messages.send(hello);
    expect(entry).toMatchObject({ roomId: "r1", seq: 7 });
    expect(server.seen[0]?.header("authorization")).toBe("Bearer t1");
    expect(server.seen[0]?.key).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7/);
  });

  test("an empty token is not sent, and a line end after a token does no harm", async () => {
    const server = await serve(sent);
    await connect(server, { token: () => "" }).messages.send(hello);
    await connect(server, { token: () => "t1\n" }).messages.send(hello);
    expect(server.seen.map(({ header }) => header("authorization"))).toEqual([undefined, "Bearer t1"]);
  });

  test("an error arrives with reason, metadata, request id and count of attempts", async () => {
    const server = await serve(fail(refusal(Code.FailedPrecondition, ErrorReason.ROOM_FROZEN, { room_id: "r1" })));
    const error = await rejection(connect(server).messages.send(hello));
    expect(isReason(error, ErrorReason.ROOM_FROZEN)).toBe(true);
    expect(error).toMatchObject({
      code: "FAILED_PRECONDITION",
      metadata: { roomId: "r1" },
      requestId: "q1",
      attempts: 1,
    });
  });

  test("an error without details keeps its code", async () => {
    const server = await serve(fail(new ConnectError("no", Code.PermissionDenied)));
    const error = await rejection(connect(server).messages.send(hello));
    expect(error).toMatchObject({ reason: ErrorReason.UNSPECIFIED, code: "PERMISSION_DENIED", attempts: 1 });
  });

  test("a retry carries the key of the first try", async () => {
    const away = fail(refusal(Code.Unavailable, ErrorReason.STORE_UNAVAILABLE));
    const contended = fail(refusal(Code.Aborted, ErrorReason.APPEND_CONTENDED, {}, 1));
    const limited = fail(refusal(Code.ResourceExhausted, ErrorReason.RATE_LIMITED, {}, 1));
    const server = await serve(inTurn(away, contended, limited, sent));
    const { entry } = await connect(server).messages.send(hello);
    expect(entry?.seq).toBe(7);
    expect(server.seen).toHaveLength(4);
    expect(new Set(server.seen.map(({ key }) => key)).size).toBe(1);
  });

  test("a key of the caller is kept, and two calls never share one", async () => {
    const server = await serve(sent);
    const maru = connect(server);
    const { messages } = maru;
    await messages.send({ ...hello, idempotencyKey: "mine" });
    await messages.send(hello);
    await messages.send(hello);
    const [first, second, third] = server.seen.map(({ key }) => key);
    expect(first).toBe("mine");
    expect(second).not.toBe(third);
  });

  test("a refusal is not repeated", async () => {
    const server = await serve(fail(refusal(Code.Aborted, ErrorReason.STATE_CHANGED)));
    const error = await rejection(connect(server).messages.send(hello));
    expect(error).toMatchObject({ reason: ErrorReason.STATE_CHANGED, attempts: 1 });
    expect(server.seen).toHaveLength(1);
  });

  test("a call that is not safe to repeat is tried once", async () => {
    const server = await serve(fail(refusal(Code.Unavailable, ErrorReason.STORE_UNAVAILABLE)));
    const { sendMessage, getMessage } = MessageService.method;
    const unsafe = { ...sendMessage, input: getMessage.input };
    const { transport } = connect(server);
    const error = await rejection(transport.unary(unsafe, undefined, undefined, undefined, { roomId: "r1" }));
    expect(error).toMatchObject({ reason: ErrorReason.STORE_UNAVAILABLE, attempts: 1 });
    expect(server.seen).toHaveLength(1);
  });

  test("the number of attempts is bounded, and the last error tells", async () => {
    const server = await serve(fail(refusal(Code.Unavailable, ErrorReason.STORE_UNAVAILABLE)));
    const maru = connect(server, { retry: { maxAttempts: 3, firstBackoffMs: 1 } });
    const error = await rejection(maru.messages.send(hello));
    expect(error).toMatchObject({ reason: ErrorReason.STORE_UNAVAILABLE, attempts: 3 });
    expect(server.seen).toHaveLength(3);
  });

  test("a wait that would outlast the deadline is not begun", async () => {
    const server = await serve(fail(refusal(Code.ResourceExhausted, ErrorReason.RATE_LIMITED, {}, 900)));
    const error = await rejection(connect(server).messages.send(hello, { timeoutMs: 500 }));
    expect(error).toMatchObject({ reason: ErrorReason.RATE_LIMITED, retryAfterMs: 900, attempts: 1 });
  });

  test("the calls of a room go to one server, those of many rooms to all", async () => {
    const servers = await Promise.all([serve(sent), serve(sent), serve(sent)]);
    const maru = connect(servers);
    for (let n = 0; n < 10; n++) await maru.messages.send(hello);
    expect(servers.map(({ seen }) => seen.length).sort()).toEqual([0, 0, 10]);
    for (let n = 0; n < 60; n++) await maru.messages.send({ ...hello, roomId: `room-${n}` });
    for (const server of servers) expect(server.seen.length).toBeGreaterThan(5);
  });

  test("calls without a room, and all calls without affinity, go round", async () => {
    const servers = await Promise.all([serve(() => ({})), serve(() => ({}))]);
    const maru = connect(servers);
    for (let n = 0; n < 6; n++) await maru.rooms.batchGet({ roomIds: ["r1"] });
    expect(servers.map(({ seen }) => seen.length)).toEqual([3, 3]);
    const free = connect(servers, { affinity: false });
    for (let n = 0; n < 6; n++) await free.messages.send(hello);
    expect(servers.map(({ seen }) => seen.length)).toEqual([6, 6]);
  });

  test("when a server is killed its calls go on at the next one, with the same keys", async () => {
    const waiting = Promise.withResolvers<void>();
    const hang: Answer = (seen) => {
      waiting.resolve();
      return silence(seen);
    };
    const stored: string[] = [];
    const store: Answer = (seen) => {
      stored.push(seen.key);
      return sent(seen);
    };
    const servers = await Promise.all([serve(hang), serve(hang)]);
    const order = rankServers(
      servers.map((server) => ({ name: server.address, server })),
      "r1",
    );
    const [first, second] = order.map(({ server }) => server);
    if (!first || !second) throw new Error("two servers were started");
    // The second in the room's order answers; the first holds the call until it is killed.
    await second.kill();
    const port = Number(second.address.split(":").at(-1));
    const next = await serve(store, port);
    const maru = connect([first, next]);
    const call = maru.messages.send(hello);
    await waiting.promise;
    await first.kill();
    expect((await call).entry?.seq).toBe(7);
    expect(stored).toEqual([first.seen[0]?.key]);
    for (let n = 0; n < 5; n++) await maru.messages.send(hello);
    expect(next.seen).toHaveLength(6);
  });

  test("a server that cannot reach its store is left for the next one by this call, and keeps its rooms", async () => {
    const answer = inTurn(fail(refusal(Code.Unavailable, ErrorReason.STORE_UNAVAILABLE)), sent);
    const servers = await Promise.all([serve(answer), serve(answer)]);
    const maru = connect(servers);
    await maru.messages.send(hello);
    expect(servers.map(({ seen }) => seen.length)).toEqual([1, 1]);
    for (let n = 0; n < 4; n++) await maru.messages.send(hello);
    expect(servers.map(({ seen }) => seen.length).sort()).toEqual([1, 5]);
  });

  test("a server that hangs is left for the next one before the deadline", async () => {
    const servers = await Promise.all([serve(sent), serve(sent)]);
    const ranked = rankServers(
      servers.map((server) => ({ name: server.address, server })),
      "r1",
    );
    const first = ranked[0]?.server;
    if (!first) throw new Error("two servers were started");
    await first.kill();
    const hung = await serve(silence, Number(first.address.split(":").at(-1)));
    const { entry } = await connect([hung, ...servers.filter((server) => server !== first)]).messages.send(hello, {
      timeoutMs: 1500,
    });
    expect(entry?.seq).toBe(7);
    expect(hung.seen).toHaveLength(1);
  });

  test("a server that comes back on its address is used again", async () => {
    const server = await serve(sent);
    const maru = connect(server);
    await maru.messages.send(hello);
    await server.kill();
    const error = await rejection(maru.messages.send(hello, { timeoutMs: 200 }));
    expect(["UNAVAILABLE", "DEADLINE_EXCEEDED"]).toContain(error.code);
    const again = await serve(sent, Number(server.address.split(":").at(-1)));
    await vi.waitFor(() => maru.messages.send(hello), { timeout: 5000 });
    expect(again.seen.length).toBeGreaterThan(0);
  });

  test("a timeout that is no number is refused, and one of 0 or Infinity is none", async () => {
    const server = await serve(sent);
    const { messages } = connect(server);
    await expect(messages.send(hello, { timeoutMs: Number.NaN })).rejects.toThrow(RangeError);
    await messages.send(hello, { timeoutMs: 0 });
    await messages.send(hello, { timeoutMs: Number.POSITIVE_INFINITY });
    await messages.send(hello, { timeoutMs: 1e12 });
    expect(server.seen).toHaveLength(3);
  });

  test("a deadline ends a call that nobody answers", async () => {
    const server = await serve(silence);
    const error = await rejection(connect(server).messages.send(hello, { timeoutMs: 150 }));
    expect(error).toMatchObject({ reason: ErrorReason.DEADLINE_EXCEEDED, code: "DEADLINE_EXCEEDED" });
    await vi.waitFor(() => expect(server.seen.every(({ signal }) => signal.aborted)).toBe(true));
  });

  test("an abort ends a call, and the server is told", async () => {
    const server = await serve(silence);
    const stop = new AbortController();
    const call = rejection(connect(server).messages.send(hello, { signal: stop.signal }));
    await vi.waitFor(() => expect(server.seen).toHaveLength(1));
    stop.abort(new Error("the user left"));
    expect(await call).toMatchObject({
      reason: ErrorReason.CANCELLED,
      attempts: 1,
      cause: { message: "the user left" },
    });
    await vi.waitFor(() => expect(server.seen[0]?.signal.aborted).toBe(true));
  });

  test("an abort ends a wait between two tries, and a call that is aborted before never leaves", async () => {
    const server = await serve(fail(refusal(Code.ResourceExhausted, ErrorReason.RATE_LIMITED, {}, 900)));
    const stop = new AbortController();
    const { messages } = connect(server);
    const call = rejection(messages.send(hello, { signal: stop.signal, timeoutMs: 60_000 }));
    await vi.waitFor(() => expect(server.seen).toHaveLength(1));
    stop.abort();
    expect(await call).toMatchObject({ reason: ErrorReason.CANCELLED });
    expect(await rejection(messages.send(hello, { signal: stop.signal }))).toMatchObject({ attempts: 0 });
    expect(server.seen).toHaveLength(1);
  });

  test("a page of a list after another is fetched, and retried", async () => {
    const away = fail(refusal(Code.Unavailable, ErrorReason.STORE_UNAVAILABLE));
    const page = (seq: number, nextPageToken: string) => () => ({ entries: [{ roomId: "r1", seq }], nextPageToken });
    const server = await serve(inTurn(page(42, "p2"), away, page(43, "")));
    const entries = await Array.fromAsync(paginate(connect(server).messages.list, { roomId: "r1", after: 41 }));
    expect(entries.map(({ seq }) => seq)).toEqual([42, 43]);
  });

  test("a token that has expired is fetched again, once in a call", async () => {
    const expired = fail(refusal(Code.Unauthenticated, ErrorReason.TOKEN_EXPIRED, { server_time: "now" }));
    const server = await serve((seen) => (seen.header("authorization") === "Bearer t2" ? sent(seen) : expired(seen)));
    let fetches = 0;
    const maru = connect(server, { token: async () => `t${++fetches}` });
    await Promise.all([maru.messages.send(hello), maru.messages.send(hello), maru.messages.send(hello)]);
    await maru.messages.send(hello);
    expect(fetches).toBe(2);
    const stale = connect(server, { token: () => "old" });
    const error = await rejection(stale.messages.send(hello));
    expect(error).toMatchObject({ reason: ErrorReason.TOKEN_EXPIRED, attempts: 2 });
  });

  test("a token that does not come in time ends the call", async () => {
    const server = await serve(sent);
    const maru = connect(server, { token: () => new Promise<string>(() => {}) });
    const error = await rejection(maru.messages.send(hello, { timeoutMs: 50 }));
    expect(error).toMatchObject({ reason: ErrorReason.DEADLINE_EXCEEDED, attempts: 0 });
    expect(server.seen).toHaveLength(0);
  });

  test("a key from the future corrects the clock of this and later keys", async () => {
    const serverMs = Date.parse("2020-01-01T00:00:00Z");
    const keyMs = (key = "") => Number.parseInt(key.replaceAll("-", "").slice(0, 12), 16);
    const server = await serve((seen) => {
      if (keyMs(seen.key) <= serverMs + 60_000) return sent(seen);
      const metadata = { server_time: new Date(serverMs).toISOString(), max_skew_ms: "60000" };
      throw refusal(Code.InvalidArgument, ErrorReason.IDEMPOTENCY_KEY_IN_FUTURE, metadata);
    });
    const { messages } = connect(server);
    await messages.send(hello);
    await messages.send(hello);
    expect(server.seen).toHaveLength(3);
    const own = await rejection(messages.send({ ...hello, idempotencyKey: server.seen[0]?.key ?? "" }));
    expect(own).toMatchObject({ reason: ErrorReason.IDEMPOTENCY_KEY_IN_FUTURE, attempts: 1 });
  });

  test("a key that an earlier try may have stored is not replaced by another", async () => {
    const future = refusal(Code.InvalidArgument, ErrorReason.IDEMPOTENCY_KEY_IN_FUTURE, { server_time: "1000" });
    const unsure = fail(refusal(Code.Unavailable, ErrorReason.STORE_UNAVAILABLE));
    const server = await serve(inTurn(unsure, fail(future), sent));
    const error = await rejection(connect(server).messages.send(hello));
    expect(error).toMatchObject({ reason: ErrorReason.IDEMPOTENCY_KEY_IN_FUTURE, attempts: 2 });
  });

  test("a value that its field cannot hold is INVALID_REQUEST before anything is sent", async () => {
    const server = await serve(sent);
    const error = await rejection(connect(server).messages.send({ ...hello, replyToSeq: -1 }));
    expect(error).toMatchObject({ reason: ErrorReason.INVALID_REQUEST, code: "INVALID_ARGUMENT" });
    expect(server.seen).toHaveLength(0);
  });

  test("interceptors see every try, and may add headers", async () => {
    const server = await serve(inTurn(fail(refusal(Code.Unavailable, ErrorReason.STORE_UNAVAILABLE)), sent));
    const keys: string[] = [];
    const maru = connect(server, {
      interceptors: [
        (next) => (req) => {
          if (!req.stream) keys.push((req.message as SendMessageRequest).idempotencyKey);
          req.header.set("traceparent", "00-1");
          return next(req);
        },
      ],
    });
    const headers: string[] = [];
    await maru.messages.send(hello, {
      headers: { "x-request-id": "mine" },
      onHeader: (h) => headers.push(...h.keys()),
    });
    expect(keys).toEqual(server.seen.map(({ key }) => key));
    expect(server.seen.map(({ header }) => header("traceparent"))).toEqual(["00-1", "00-1"]);
    expect(server.seen[0]?.header("x-request-id")).toBe("mine");
    expect(headers).toContain("content-type");
  });

  test("a stream is opened again when it is refused, and leaving its loop ends it", async () => {
    const server = await serve(inTurn(fail(refusal(Code.Unauthenticated, ErrorReason.TOKEN_EXPIRED)), () => ({})));
    let fetches = 0;
    const maru = connect(server, { token: () => `t${++fetches}` });
    let received = 0;
    const headers: string[] = [];
    const stream = maru.service(Health).watch({}, { onHeader: (header) => headers.push(...header.keys()) });
    for await (const _status of stream) if (++received === 2) break;
    expect(headers).toContain("content-type");
    expect(server.seen.map(({ header }) => header("authorization"))).toEqual(["Bearer t1", "Bearer t2"]);
    await vi.waitFor(() => expect(server.seen[1]?.signal.aborted).toBe(true));
  });

  test("a stream that breaks off ends with an error", async () => {
    const server = await serve(() => ({}));
    let received = 0;
    const reading = async () => {
      for await (const _status of connect(server).service(Health).watch({})) if (++received === 3) await server.kill();
    };
    expect(await rejection(reading())).toMatchObject({ code: "UNAVAILABLE" });
    expect(received).toBe(3);
  });

  test("closing ends the calls under way and refuses later ones", async () => {
    const server = await serve(silence);
    const maru = connect(server);
    const call = rejection(maru.messages.send(hello));
    await vi.waitFor(() => expect(server.seen).toHaveLength(1));
    await maru.close();
    await maru.close();
    expect(await call).toMatchObject({ reason: ErrorReason.CANCELLED });
    expect(await rejection(maru.messages.send(hello))).toMatchObject({ reason: ErrorReason.CANCELLED, attempts: 0 });
  });
});

test("options that make no sense are refused by name", () => {
  expect(() => connectMaru({ address: "nowhere" })).toThrow('"nowhere" is no address');
  expect(() => connectMaru({ address: "http://a", tls: true })).toThrow("tls is set");
  expect(() => connectMaru({ address: "a:1", retry: { maxAttempts: 0 } })).toThrow("retry.maxAttempts");
});
