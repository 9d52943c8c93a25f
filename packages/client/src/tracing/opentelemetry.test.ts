import { context, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { InMemorySpanExporter, type ReadableSpan, SimpleSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { toEvent } from "../../../server/src/relay/to-event.ts";
import { type MemoryServer, startMemoryServer } from "../../../server/test/memory-server.ts";
import { decodeEvent } from "../events/decode.ts";
import { connectMaru, type Interceptor, type Maru, text, user, watchRoom } from "../index.ts";
import { openTelemetryTracing } from "./opentelemetry.ts";

const exporter = new InMemorySpanExporter();
const tracerProvider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] });
const tracing = openTelemetryTracing({ tracerProvider });
const tracer = tracerProvider.getTracer("the team's own");
const actor = user("ann");
let server: MemoryServer;

beforeAll(async () => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  server = await startMemoryServer();
});
beforeEach(() => exporter.reset());
afterAll(() => server[Symbol.asyncDispose]());

function ended(name: string): ReadableSpan {
  const [span, ...others] = exporter.getFinishedSpans().filter((one) => one.name === name);
  if (!span || others.length > 0) throw new Error(`${others.length + (span ? 1 : 0)} spans are called ${name}`);
  return span;
}

const traceparentOf = (span: ReadableSpan) => `00-${span.spanContext().traceId}-${span.spanContext().spanId}-01`;

describe.each(["grpc", "connectrpc"])("calls over %s", (system) => {
  let maru: Maru;
  let roomId: string;
  const addressOf = () => (system === "grpc" ? server.grpcAddress : `http://${server.httpAddress}`);

  beforeAll(async () => {
    const interceptors: Interceptor[] = [
      (next) => (request) => {
        tracer.startSpan("inside").end();
        return next(request);
      },
    ];
    maru = connectMaru({ address: addressOf(), token: () => server.token, interceptors, tracing });
    const { room } = await maru.rooms.create({ actor, kind: "group", members: [{ userId: "ann" }] });
    roomId = room?.roomId ?? "";
  });
  afterAll(() => maru.close());

  test("a call is a span inside of what the team does, and the entry keeps its context", async () => {
    const entry = await tracer.startActiveSpan("checkout", async (span) => {
      const answer = await maru.messages.send({ roomId, actor, content: text("hi") });
      span.end();
      return answer.entry;
    });
    const span = ended("maru.chat.v1.MessageService/SendMessage");
    expect(span).toMatchObject({
      kind: SpanKind.CLIENT,
      attributes: {
        "rpc.system.name": system,
        "rpc.method": "maru.chat.v1.MessageService/SendMessage",
        "server.address": "127.0.0.1",
        "server.port": Number(addressOf().split(":").at(-1)),
      },
      parentSpanContext: { spanId: ended("checkout").spanContext().spanId },
    });
    expect(ended("inside").parentSpanContext?.spanId).toBe(span.spanContext().spanId);
    expect(span.attributes["rpc.response.status_code"]).toBe(system === "grpc" ? "OK" : undefined);
    expect(entry?.traceparent).toBe(traceparentOf(span));
  });

  test("a refusal is an error of the span, by its code", async () => {
    const content = text("hi");
    await expect(maru.messages.send({ roomId: "none", actor, content })).rejects.toThrow(/ROOM_NOT_FOUND/);
    const code = system === "grpc" ? "NOT_FOUND" : "not_found";
    expect(ended("maru.chat.v1.MessageService/SendMessage")).toMatchObject({
      attributes: { "rpc.response.status_code": code, "error.type": code },
      status: { code: SpanStatusCode.ERROR },
    });
  });

  test("the span of a stream lasts as long as its reader stays", async () => {
    for await (const entry of watchRoom(maru, { roomId, after: 0 })) {
      expect(entry.seq).toBe(1);
      expect(exporter.getFinishedSpans().map(({ name }) => name)).toEqual(["inside"]);
      break;
    }
    expect(ended("maru.chat.v1.EventService/WatchRoom").status.code).toBe(SpanStatusCode.UNSET);
  });

  test("a context that the caller gives goes to the server as it is", async () => {
    const traceparent = `00-${"a".repeat(32)}-${"b".repeat(16)}-01`;
    const { entry } = await maru.messages.send({ roomId, actor, content: text("hi") }, { headers: { traceparent } });
    expect(entry?.traceparent).toBe(traceparent);
  });
});

describe("handlers", () => {
  async function sentEvent() {
    await using maru = connectMaru({ address: server.grpcAddress, token: () => server.token, tracing });
    const { room } = await maru.rooms.create({ actor, kind: "group", members: [{ userId: "ann" }] });
    const roomId = room?.roomId ?? "";
    const { entry } = await maru.messages.send({ roomId, actor, content: text("hi") });
    const logged = await server.store.readEntry(roomId, entry?.seq ?? 0);
    if (!logged) throw new Error("the entry was acknowledged and is not there");
    const origin = { topics: { roomEvents: "rooms", readMarkers: "markers" }, source: "maru", relayedAtMs: Date.now() };
    const out = toEvent({ kind: "entry", entry: logged, committedAtMs: Date.now() }, origin);
    if (!out) throw new Error("an entry has an event");
    const key = new TextEncoder().encode(out.key);
    const place = { topic: "rooms", partition: 3, offset: 42n };
    const event = decodeEvent({ ...place, key, value: out.value, headers: {}, timestampMs: Date.now() });
    if (event.kind === "unreadable") throw new Error("the relay wrote an entry");
    const now = new Date();
    const { signal } = new AbortController();
    const times = { kafkaTimestamp: now, receivedAt: now, handledAt: now };
    return { event, ctx: { ...place, ...times, signal, attempt: 2, redelivered: false, group: "push" } };
  }

  test("run in a span of their own trace that links to the send, and what they do is inside of it", async () => {
    const { event, ctx } = await sentEvent();
    await tracing.traceHandler(event, ctx, async () => {
      await Promise.resolve();
      tracer.startSpan("push").end();
    });
    const span = ended("process rooms");
    const send = ended("maru.chat.v1.MessageService/SendMessage").spanContext();
    expect(span).toMatchObject({
      kind: SpanKind.CONSUMER,
      parentSpanContext: undefined,
      links: [{ context: { traceId: send.traceId, spanId: send.spanId, isRemote: true } }],
      attributes: {
        "messaging.system.name": "kafka",
        "messaging.operation.name": "process",
        "messaging.operation.type": "process",
        "messaging.destination.name": "rooms",
        "messaging.destination.partition.id": "3",
        "messaging.consumer.group.name": "push",
        "messaging.message.id": `${event.roomId}/${event.seq}`,
        "kafka.offset": 42,
        "maru.attempt": 2,
      },
    });
    expect(span.spanContext().traceId).not.toBe(send.traceId);
    expect(ended("push").parentSpanContext?.spanId).toBe(span.spanContext().spanId);
  });

  test("that throw make the span an error, and the error goes on", async () => {
    const { event, ctx } = await sentEvent();
    const failure = new RangeError("no such phone");
    await expect(tracing.traceHandler(event, ctx, () => Promise.reject(failure))).rejects.toBe(failure);
    expect(ended("process rooms")).toMatchObject({
      status: { code: SpanStatusCode.ERROR },
      attributes: { "error.type": "RangeError" },
      events: [{ name: "exception" }],
    });
  });

  test("of an event without a trace context have a span without a link", async () => {
    const { event, ctx } = await sentEvent();
    for (const traceparent of ["", "00-nonsense"]) {
      exporter.reset();
      event.entry.traceparent = traceparent;
      await tracing.traceHandler(event, ctx, async () => {});
      expect(ended("process rooms").links).toEqual([]);
    }
  });
});

test("without an SDK nothing is traced, and calls go through", async () => {
  trace.disable();
  await using maru = connectMaru({
    address: server.grpcAddress,
    token: () => server.token,
    tracing: openTelemetryTracing(),
  });
  const { room } = await maru.rooms.create({ actor, kind: "group", members: [{ userId: "ann" }] });
  const { entry } = await maru.messages.send({ roomId: room?.roomId ?? "", actor, content: text("hi") });
  expect(entry?.traceparent).toBe("");
});
