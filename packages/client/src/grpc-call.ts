import type { DescMessage, DescMethodStreaming, DescMethodUnary, MessageShape } from "@bufbuild/protobuf";
import { fromBinary } from "@bufbuild/protobuf";
import type { StreamResponse, UnaryResponse } from "@connectrpc/connect";
import { Code, ConnectError } from "@connectrpc/connect";
import { type Client, type ClientReadableStream, Metadata, status as Status, type StatusObject } from "@grpc/grpc-js";
import { encodeRequest } from "./encode-request.ts";
import { toConnectError, toHeaders } from "./grpc-status.ts";
import type { HeaderInit } from "./server-transport.ts";

interface Cancellable {
  cancel(): void;
}

/** A connection to one server, and the calls that are under way on it. */
export interface Connection {
  readonly client: Client;
  readonly underWay: Set<Cancellable>;
}

/**
 * Makes a unary call, on the channel itself: grpc-js' own `makeUnaryRequest` also makes an event emitter, interceptors
 * and an error with the caller's stack for each call, which together cost about a sixth of it.
 */
export function callUnary<I extends DescMessage, O extends DescMessage>(
  { client, underWay }: Connection,
  method: DescMethodUnary<I, O>,
  signal: AbortSignal | undefined,
  timeoutMs: number | undefined,
  header: HeaderInit | undefined,
  message: MessageShape<I>,
): Promise<UnaryResponse<I, O>> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(abortError(signal));
    const bytes = encodeRequest(method.input, message);
    const { deadline = Number.POSITIVE_INFINITY } = deadlineIn(timeoutMs);
    const call = client.getChannel().createCall(pathOf(method), deadline, undefined, null, undefined);
    const cancel = () => call.cancelWithStatus(Status.CANCELLED, "Cancelled on client");
    const cancellable = { cancel };
    underWay.add(cancellable);
    signal?.addEventListener("abort", cancel, { once: true });
    const received: Received = {};
    let answer: Buffer | undefined;
    call.start(toMetadata(header), {
      onReceiveMetadata(metadata) {
        received.header = metadata;
      },
      onReceiveMessage(one: Buffer) {
        if (answer !== undefined) call.cancelWithStatus(Status.UNIMPLEMENTED, "Too many responses received");
        answer = one;
      },
      onReceiveStatus(status) {
        underWay.delete(cancellable);
        signal?.removeEventListener("abort", cancel);
        received.trailer = status.metadata;
        try {
          if (status.code !== Status.OK) throw callError(status, signal);
          if (answer === undefined) throw new ConnectError("No message received", Code.Unimplemented);
          resolve(toResponse(method, decode(method, answer), received));
        } catch (error) {
          reject(error);
        }
      },
    });
    call.sendMessageWithContext({}, bytes);
    call.halfClose();
    call.startRead();
  });
}

/** Web headers are slow to make and seldom looked at: they are made when asked for. */
function toResponse<I extends DescMessage, O extends DescMessage>(
  method: DescMethodUnary<I, O>,
  message: MessageShape<O>,
  received: Received,
): UnaryResponse<I, O> {
  return {
    stream: false,
    service: method.parent,
    method,
    message,
    get header() {
      return toHeaders(received.header);
    },
    get trailer() {
      return toHeaders(received.trailer);
    },
  };
}

/** What has arrived beside the messages. */
interface Received {
  header?: Metadata;
  trailer?: Metadata;
}

/** Begins a server stream. Its message iterator ends the call when it is left. */
export function callServerStream<I extends DescMessage, O extends DescMessage>(
  connection: Connection,
  method: DescMethodStreaming<I, O>,
  signal: AbortSignal,
  timeoutMs: number | undefined,
  header: HeaderInit | undefined,
  message: MessageShape<I>,
): StreamResponse<I, O> {
  if (signal.aborted) throw abortError(signal);
  const call = connection.client.makeServerStreamRequest(
    pathOf(method),
    asIs,
    asIs,
    encodeRequest(method.input, message),
    toMetadata(header),
    deadlineIn(timeoutMs),
  );
  follow(connection, call, signal);
  const [responseHeader, trailer] = [new Headers(), new Headers()];
  call.on("metadata", (metadata) => toHeaders(metadata, responseHeader));
  call.on("status", (status) => toHeaders(status.metadata, trailer));
  // The error reaches the reader through the iterator; without a listener it would end the process before that.
  call.on("error", () => {});
  async function* read(): AsyncGenerator<MessageShape<O>> {
    try {
      for await (const bytes of call) yield decode(method, bytes);
    } catch (error) {
      throw error instanceof ConnectError ? error : callError(error as StatusObject & Error, signal);
    } finally {
      call.cancel();
    }
  }
  return { stream: true, service: method.parent, method, header: responseHeader, trailer, message: read() };
}

/** Until its status arrives, a call is among those under way, and an abort of the signal cancels it. */
function follow({ underWay }: Connection, call: ClientReadableStream<Buffer>, signal: AbortSignal): void {
  const cancel = () => call.cancel();
  underWay.add(call);
  signal.addEventListener("abort", cancel, { once: true });
  call.on("status", () => {
    underWay.delete(call);
    signal.removeEventListener("abort", cancel);
  });
}

const asIs = (bytes: Buffer) => bytes;

/** The path of a method, as it stands in the request. */
export const pathOf = (method: DescMethodUnary | DescMethodStreaming) => `/${method.parent.typeName}/${method.name}`;

const deadlineIn = (timeoutMs: number | undefined) =>
  timeoutMs === undefined ? {} : { deadline: Date.now() + Math.max(0, timeoutMs) };

function decode<O extends DescMessage>(method: { readonly output: O }, bytes: Buffer): MessageShape<O> {
  try {
    return fromBinary(method.output, bytes);
  } catch (cause) {
    throw new ConnectError("the answer cannot be decoded", Code.Internal, undefined, undefined, cause);
  }
}

function toMetadata(header: HeaderInit | undefined): Metadata {
  const metadata = new Metadata();
  if (header === undefined) return metadata;
  const entries = header instanceof Headers || Array.isArray(header) ? header : Object.entries(header);
  for (const [key, value] of entries) {
    if (key === undefined || value === undefined) continue;
    metadata.add(key, key.toLowerCase().endsWith("-bin") ? Buffer.from(value, "base64") : value);
  }
  return metadata;
}

function callError(error: StatusObject, signal: AbortSignal | undefined): ConnectError {
  return signal?.aborted ? abortError(signal) : toConnectError(error);
}

function abortError(signal: AbortSignal): ConnectError {
  if (signal.reason instanceof ConnectError) return signal.reason;
  return new ConnectError("the caller aborted the call", Code.Canceled, undefined, undefined, signal.reason);
}
