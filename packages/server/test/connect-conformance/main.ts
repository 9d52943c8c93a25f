// The server that connectconformance tests: Maru's listeners and bridges over the runner's own service.
// usage: node main.ts grpc|http, with a ServerCompatRequest on stdin, its size before it
import { once } from "node:events";
import { create, createRegistry, fromBinary, toBinary } from "@bufbuild/protobuf";
import { createGrpcBridge } from "../../src/api/grpc-bridge.ts";
import { listenGrpc } from "../../src/api/grpc-listener.ts";
import { createHttpHandler } from "../../src/api/http-handler.ts";
import { type Listener, listenHttp, splitAddress } from "../../src/api/http-listener.ts";
import { serveService } from "../../src/api/service-registration.ts";
import { barePipeline } from "./bare-pipeline.ts";
import { conformanceService } from "./conformance-service.ts";
import {
  type ServerCompatRequest,
  ServerCompatRequestSchema,
  ServerCompatResponseSchema,
} from "./gen/connectrpc/conformance/v1/server_compat_pb.js";
import {
  ConformanceService,
  file_connectrpc_conformance_v1_service,
} from "./gen/connectrpc/conformance/v1/service_pb.js";

const services = [serveService(ConformanceService, conformanceService, "anyone")];

async function readRequest(): Promise<ServerCompatRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) {
    chunks.push(chunk);
    const bytes = Buffer.concat(chunks);
    if (bytes.length >= 4 && bytes.length >= 4 + bytes.readUInt32BE(0)) {
      return fromBinary(ServerCompatRequestSchema, bytes.subarray(4, 4 + bytes.readUInt32BE(0)));
    }
  }
  throw new Error("the request on stdin is not whole");
}

async function start(listener: string | undefined, request: ServerCompatRequest): Promise<Listener> {
  const address = "127.0.0.1:0";
  const { serverCreds, clientTlsCert, messageReceiveLimit } = request;
  const clientCa = clientTlsCert.length === 0 ? undefined : Buffer.from(clientTlsCert);
  const tls =
    !request.useTls || serverCreds === undefined
      ? undefined
      : { cert: Buffer.from(serverCreds.cert), key: Buffer.from(serverCreds.key), clientCa };
  const maxRequestBytes = messageReceiveLimit === 0 ? 16 * 1024 * 1024 : messageReceiveLimit;
  const { pipeline, parts } = barePipeline();
  if (listener === "grpc") {
    return listenGrpc({
      address,
      tls,
      maxRequestBytes,
      ...createGrpcBridge(pipeline, { services, maxRequestBytes, certifiedBy }),
    });
  }
  if (listener !== "http") throw new Error("usage: main.ts grpc|http");
  const registry = createRegistry(file_connectrpc_conformance_v1_service);
  return listenHttp(
    address,
    tls,
    createHttpHandler(pipeline, { services, maxRequestBytes, registry, certifiedBy, ...parts }),
  );
}

/** The certificates are checked, and name no service of Maru. */
const certifiedBy = () => undefined;

const request = await readRequest();
const listener = await start(process.argv[2], request);
const { host, port } = splitAddress(listener.address);
const pemCert = request.useTls ? request.serverCreds?.cert : undefined;
const response = create(ServerCompatResponseSchema, { host, port, ...(pemCert !== undefined && { pemCert }) });
const bytes = Buffer.from(toBinary(ServerCompatResponseSchema, response));
const size = Buffer.alloc(4);
size.writeUInt32BE(bytes.length);
process.stdout.write(Buffer.concat([size, bytes]));
await once(process, "SIGTERM");
await listener.close(500);
process.exit(0);
