import { connect, type Socket } from "node:net";
import { decodeMultiStream } from "@msgpack/msgpack";

/** The agent could not be reached, hung up, or did not answer in time. Sending the same again may help. */
export class ForwardConnectionError extends Error {
  override readonly name = "ForwardConnectionError";
}

/** The agent wants something that this sender does not do. Sending the same again will not help. */
export class ForwardRefusedError extends Error {
  override readonly name = "ForwardRefusedError";
}

export interface ForwardAddress {
  readonly host: string;
  readonly port: number;
}

export interface ForwardTimeouts {
  readonly connectTimeoutMs: number;
  readonly ackTimeoutMs: number;
}

/** A connection to an agent, with one chunk under way at most. Once anything failed it is of no more use. */
export interface ForwardConnection {
  /** Resolves when the agent says that it has the chunk. Throws ForwardConnectionError, ForwardRefusedError. */
  send(chunk: Uint8Array, chunkId: string): Promise<void>;
  close(): void;
}

/** The signal ends it, also while it is being made. */
export async function connectForward(
  address: ForwardAddress,
  timeouts: ForwardTimeouts,
  signal: AbortSignal,
): Promise<ForwardConnection> {
  const socket = await open(address, timeouts.connectTimeoutMs, signal);
  const name = `${address.host}:${address.port}`;
  let waiting: { readonly chunkId: string; readonly settled: PromiseWithResolvers<void> } | undefined;
  let failed: Error | undefined;

  function fail(error: Error): void {
    failed ??= error;
    waiting?.settled.reject(failed);
    waiting = undefined;
    socket.destroy();
  }

  async function readAnswers(): Promise<void> {
    try {
      for await (const answer of decodeMultiStream(socket)) take(answer);
      fail(new ForwardConnectionError(`the agent at ${name} hung up`));
    } catch (cause) {
      fail(new ForwardConnectionError(`the connection to the agent at ${name} broke`, { cause }));
    }
  }

  function take(answer: unknown): void {
    const wrong = whatIsWrong(answer);
    if (wrong !== undefined) fail(wrong);
    waiting?.settled.resolve();
    waiting = undefined;
  }

  function whatIsWrong(answer: unknown): Error | undefined {
    if (Array.isArray(answer) && answer[0] === "HELO") return new ForwardRefusedError(asksForKey(name));
    const ack = answer instanceof Object && "ack" in answer ? answer.ack : undefined;
    if (ack !== undefined && ack === waiting?.chunkId) return undefined;
    return new ForwardConnectionError(`the agent at ${name} acknowledged a chunk that it was not sent`);
  }

  void readAnswers();
  return {
    async send(chunk, chunkId) {
      if (failed !== undefined) throw failed;
      const settled = Promise.withResolvers<void>();
      waiting = { chunkId, settled };
      const late = () =>
        fail(new ForwardConnectionError(`the agent at ${name} did not answer within ${timeouts.ackTimeoutMs} ms`));
      const timer = setTimeout(late, timeouts.ackTimeoutMs);
      socket.write(chunk);
      try {
        await settled.promise;
      } finally {
        clearTimeout(timer);
      }
    },
    close: () => fail(new ForwardConnectionError(`the connection to the agent at ${name} was closed`)),
  };
}

function open({ host, port }: ForwardAddress, timeoutMs: number, signal: AbortSignal): Promise<Socket> {
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  const refuse = (cause: unknown) => {
    socket.destroy();
    reject(new ForwardConnectionError(`the agent at ${host}:${port} cannot be reached`, { cause }));
  };
  const socket = connect({ host, port, noDelay: true, signal });
  const timer = setTimeout(() => refuse(new Error(`not within ${timeoutMs} ms`)), timeoutMs);
  socket.once("error", refuse);
  socket.once("connect", () => {
    socket.off("error", refuse);
    resolve(socket);
  });
  return promise.finally(() => clearTimeout(timer));
}

function asksForKey(name: string): string {
  return `the agent at ${name} asks for a shared key, which the relay does not have: take Shared_Key out, and let the agent listen where only the relay reaches it`;
}
