import type {
  DescMessage,
  DescMethod,
  DescMethodServerStreaming,
  DescMethodUnary,
  DescService,
  MessageInitShape,
  MessageShape,
} from "@bufbuild/protobuf";
import type { CallOptions, Client, Transport } from "@connectrpc/connect";
import { createClient, makeAnyClient } from "@connectrpc/connect";
import { createAsyncIterable } from "@connectrpc/connect/protocol";

/** Where a call keeps its descriptor; the same symbol in every copy of the package. */
const methodKey = Symbol.for("@maru/client/method");

/** The descriptor of the method that a function of a client calls; undefined for any other function. */
export function methodOf(call: object): DescMethod | undefined {
  return Reflect.get(call, methodKey);
}

/**
 * The generated client of a service, with two differences: each function knows its descriptor, and leaving the loop
 * over a server stream ends the stream.
 */
export function createServiceClient<S extends DescService>(service: S, transport: Transport): Client<S> {
  const generated = createClient(service, transport);
  const client = makeAnyClient(service, (method) => {
    if (method.methodKind === "unary") return attach(unaryCall(transport, method), method);
    if (method.methodKind === "server_streaming") return attach(streamCall(transport, method), method);
    const call: unknown = Reflect.get(generated, method.localName);
    return typeof call === "function" ? attach((...args) => Reflect.apply(call, generated, args), method) : null;
  });
  return client as Client<S>;
}

function attach<F extends object>(call: F, method: DescMethod): F {
  return Object.defineProperty(call, methodKey, { value: method });
}

function unaryCall<I extends DescMessage, O extends DescMessage>(transport: Transport, method: DescMethodUnary<I, O>) {
  return async (request: MessageInitShape<I>, options: CallOptions = {}): Promise<MessageShape<O>> => {
    const { signal, timeoutMs, headers, contextValues } = options;
    const response = await transport.unary(method, signal, timeoutMs, headers, request, contextValues);
    options.onHeader?.(response.header);
    options.onTrailer?.(response.trailer);
    return response.message;
  };
}

function streamCall<I extends DescMessage, O extends DescMessage>(
  transport: Transport,
  method: DescMethodServerStreaming<I, O>,
) {
  return async function* (request: MessageInitShape<I>, options: CallOptions = {}): AsyncGenerator<MessageShape<O>> {
    const left = new AbortController();
    const signal = options.signal ? AbortSignal.any([options.signal, left.signal]) : left.signal;
    const { timeoutMs, headers, contextValues } = options;
    try {
      const input = createAsyncIterable([request]);
      const response = await transport.stream(method, signal, timeoutMs, headers, input, contextValues);
      options.onHeader?.(response.header);
      yield* response.message;
      options.onTrailer?.(response.trailer);
    } finally {
      left.abort();
    }
  };
}
