import type { DescMessage, DescMethod, MessageShape } from "@bufbuild/protobuf";
import type { StreamResponse, Transport } from "@connectrpc/connect";
import { createAsyncIterable } from "@connectrpc/connect/protocol";
import { rankServers, rotateServers } from "./affinity.ts";
import { type Call, type CallLoopDeps, runCall, type Try } from "./call-loop.ts";
import { toMaruError } from "./errors.ts";
import { type KeyClock, parseServerTime, uuidv7 } from "./idempotency-key.ts";
import { type MethodPlan, planMethod, stringOf, toRequest } from "./method-plan.ts";
import { openWithin } from "./open-within.ts";
import { toWholeMs } from "./retry.ts";
import type { HeaderInit, ServerTransport } from "./server-transport.ts";

/** One server and the way to it. */
export interface Server {
  readonly name: string;
  readonly transport: ServerTransport;
}

/** What {@link createCallTransport} needs. */
export interface CallTransportDeps extends CallLoopDeps<Server> {
  readonly servers: readonly Server[];
  /** Whether a room's calls go to one server. */
  readonly affinity: boolean;
  readonly keyClock: KeyClock;
  /** For unary calls that bring no timeout of their own; 0 or less for none. */
  readonly defaultTimeoutMs: number;
}

/**
 * The transport under all clients: it fills in idempotency keys, chooses the server, sends the token, retries what is
 * safe, and rejects only with a MaruError.
 */
export function createCallTransport(deps: CallTransportDeps): Transport {
  const plans = new Map<DescMethod, MethodPlan>();
  const planOf = (method: DescMethod): MethodPlan => {
    const known = plans.get(method) ?? planMethod(method);
    plans.set(method, known);
    return known;
  };
  let turn = Math.floor(deps.random() * deps.servers.length);
  const orderFor = (plan: MethodPlan, request: object): readonly Server[] => {
    const roomId = deps.affinity ? stringOf(request, plan.roomField) : "";
    return roomId === "" ? rotateServers(deps.servers, turn++) : rankServers(deps.servers, roomId);
  };
  const toCall = (
    plan: MethodPlan,
    request: object,
    timeoutMs: number,
    signal: AbortSignal | undefined,
  ): Call<Server> => ({
    order: orderFor(plan, request),
    repeatable: plan.repeatable,
    deadlineMs: toDeadline(deps.steadyMs(), timeoutMs),
    signal,
    renewKey: fillKey(deps.keyClock, plan, request),
  });
  return {
    async unary(method, signal, timeoutMs = deps.defaultTimeoutMs, header, input, contextValues) {
      const request = toRequest(method.input, input);
      const call = toCall(planOf(method), request, timeoutMs, signal);
      return runCall(deps, call, (one) =>
        one.server.transport.unary(method, signal, one.timeoutMs, withToken(header, one), request, contextValues),
      );
    },
    async stream(method, signal, timeoutMs = 0, header, input, contextValues) {
      const plan = planOf(method);
      const first = method.methodKind === "server_streaming" ? await firstOf(input) : undefined;
      const request = first === undefined ? {} : toRequest(method.input, first);
      const call = toCall({ ...plan, repeatable: plan.repeatable && first !== undefined }, request, timeoutMs, signal);
      return runCall(deps, call, async (one) => {
        const messages =
          first === undefined ? input : createAsyncIterable([request as MessageShape<typeof method.input>]);
        // A try of a stream ends with its first message; the stream itself may last until the call's deadline.
        const leftMs = call.deadlineMs === undefined ? undefined : toWholeMs(call.deadlineMs - deps.steadyMs());
        const { transport } = one.server;
        return openWithin(contextValues, signal, async (until) =>
          opened(await transport.stream(method, until, leftMs, withToken(header, one), messages, contextValues)),
        );
      });
    },
  };
}

function toDeadline(nowMs: number, timeoutMs: number): number | undefined {
  if (Number.isNaN(timeoutMs)) throw new RangeError("timeoutMs must be a number");
  return timeoutMs > 0 && timeoutMs < Number.POSITIVE_INFINITY ? nowMs + timeoutMs : undefined;
}

/** Fills in a key where the caller gave none; returns what makes another one when a server calls it too young. */
function fillKey(clock: KeyClock, plan: MethodPlan, request: object): Call<Server>["renewKey"] {
  const field = plan.keyField;
  const own = field !== undefined && stringOf(request, field) === "";
  if (own) Reflect.set(request, field, uuidv7(clock.nowMs()));
  return (error, uncertain) => {
    const serverMs = parseServerTime(error.metadata.serverTime);
    if (!own || serverMs === undefined) return false;
    clock.correct(serverMs);
    return !uncertain && Reflect.set(request, field, uuidv7(clock.nowMs()));
  };
}

function withToken(header: HeaderInit | undefined, { token }: Try<Server>): HeaderInit | undefined {
  if (token === undefined || token === "") return header;
  if (header === undefined) return { authorization: `Bearer ${token}` };
  const headers = new Headers(header);
  if (!headers.has("authorization")) headers.set("authorization", `Bearer ${token}`);
  return headers;
}

async function firstOf<T>(messages: AsyncIterable<T>): Promise<T | undefined> {
  for await (const message of messages) return message;
  return undefined;
}

/** Waits for the first message, so that a refusal belongs to the try; later errors reach the reader as MaruError. */
async function opened<I extends DescMessage, O extends DescMessage>(
  response: StreamResponse<I, O>,
): Promise<StreamResponse<I, O>> {
  const messages = response.message[Symbol.asyncIterator]();
  let next = await messages.next();
  async function* read(): AsyncGenerator<MessageShape<O>> {
    try {
      for (; !next.done; next = await messages.next()) yield next.value;
    } catch (error) {
      throw toMaruError(error, 1);
    }
  }
  return {
    stream: true,
    service: response.service,
    method: response.method,
    message: read(),
    get header() {
      return response.header;
    },
    get trailer() {
      return response.trailer;
    },
  };
}
