import { type ClientHttp2Session, connect, type IncomingHttpHeaders } from "node:http2";

export interface GrpcCallerOptions {
  /** `host:port` */
  readonly address: string;
  readonly token: string;
}

/** A caller of unary methods on one connection, and nothing beside: the least that a program spends on gRPC. */
export interface GrpcCaller {
  /** Sends a message that is framed already; resolves to the answer's bytes, rejects unless its status is OK. */
  call(path: string, framed: Uint8Array): Promise<Uint8Array>;
  close(): void;
}

const framePrefixBytes = 5;

/** A message as gRPC sends it: not compressed, behind its length. */
export function toFrame(message: Uint8Array): Buffer {
  const framed = Buffer.alloc(framePrefixBytes + message.byteLength);
  framed.writeUInt32BE(message.byteLength, 1);
  framed.set(message, framePrefixBytes);
  return framed;
}

export function openGrpcCaller({ address, token }: GrpcCallerOptions): GrpcCaller {
  const session = connect(`http://${address}`);
  const headers = {
    ":method": "POST",
    "content-type": "application/grpc",
    te: "trailers",
    "grpc-timeout": "10S",
    authorization: `Bearer ${token}`,
  };
  return {
    call: (path, framed) => callUnary(session, { ...headers, ":path": path }, framed),
    close: () => session.close(),
  };
}

function callUnary(session: ClientHttp2Session, headers: Record<string, string>, framed: Uint8Array) {
  return new Promise<Uint8Array>((resolve, reject) => {
    const stream = session.request(headers);
    const chunks: Buffer[] = [];
    let ending: IncomingHttpHeaders = {};
    const keepEnding = (received: IncomingHttpHeaders) => {
      ending = received;
    };
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    stream.once("response", keepEnding);
    stream.once("trailers", keepEnding);
    stream.once("error", reject);
    stream.once("close", () => {
      const status = ending["grpc-status"];
      if (status === "0") resolve(answerIn(chunks));
      else reject(new Error(`the call ended with status ${status}: ${ending["grpc-message"]}`));
    });
    stream.end(framed);
  });
}

function answerIn(chunks: readonly Buffer[]): Uint8Array {
  const [first] = chunks;
  const framed = chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks);
  return framed.subarray(framePrefixBytes);
}
