import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { promisify } from "node:util";
import { freePorts } from "../free-ports.ts";
import { engineNode, type NodeHandle } from "../processes/engine-node.ts";
import { openSite } from "../site.ts";
import { withFreshPorts } from "../taken-ports.ts";

const run = promisify(execFile);
const serverMain = join(import.meta.dirname, "../../../server/src/main.ts");

/** A Maru server as a process of its own, which can be stopped, killed and started again at the same addresses. */
export interface ServerNode extends NodeHandle {
  /** `127.0.0.1:50051`; nobody listens there when the server has only the role relay. */
  readonly grpcAddress: string;
  /** `127.0.0.1:8080` */
  readonly httpAddress: string;
  /** `127.0.0.1:8081`; nobody listens there when the server has not the role gateway. */
  readonly gatewayAddress: string;
}

/** A program of Node's as a process of its own. */
export interface ProgramNode extends NodeHandle {
  /** `127.0.0.1:8080` */
  readonly httpAddress: string;
}

export interface ServerOptions {
  readonly name: string;
  /** Settings of this server beside those of the fleet. */
  readonly env?: Record<string, string>;
  /** Default: free ports. */
  readonly grpcPort?: number;
  readonly httpPort?: number;
  readonly gatewayPort?: number;
}

/** A program of Node's that runs beside the servers, a consumer for example. */
export interface ProgramOptions {
  readonly name: string;
  /** A file that Node runs. It has to answer `/readyz` over HTTP at the address in MARU_HTTP_ADDRESS once it works. */
  readonly file: string;
  /** Default: a free port. */
  readonly httpPort?: number;
  /** Settings of this program beside those of the fleet. */
  readonly env?: Record<string, string>;
}

/** Servers that share their settings. They end with `close`, or with this program, however that ends. */
export interface Fleet extends AsyncDisposable {
  /** Holds the logs. */
  readonly folder: string;
  /** Settings of every server: `maru-server` reads them. */
  readonly env: Record<string, string>;
  /** Creates or checks tables and topics. */
  setUp(): Promise<void>;
  /** Resolves when the server is ready. */
  startServer(options: ServerOptions): Promise<ServerNode>;
  /** Resolves when the program is ready. Its settings are those of the servers and its own. */
  startProgram(options: ProgramOptions): Promise<ProgramNode>;
  /** A token for a service, valid for a day. */
  token(service: string): Promise<string>;
  /** A token with which a user connects to a gateway. */
  userToken(userId: string): Promise<string>;
  /** Lets the folder stay at the end, so that the logs can be read. */
  keepLogs(): void;
  close(): Promise<void>;
}

export interface FleetOptions {
  readonly dynamodbEndpoint: string;
  readonly brokers: readonly string[];
  /** Nodes of a Redis Cluster: without them nobody is told of anything, and there is no gateway. */
  readonly redisNodes?: readonly string[];
  /** More settings for every server, or other values. */
  readonly env?: Record<string, string>;
  /** Default: a fresh folder that is deleted at close. */
  readonly dataDir?: string;
}

export async function openFleet(options: FleetOptions): Promise<Fleet> {
  const env: Record<string, string> = {
    MARU_DYNAMODB_ENDPOINT: options.dynamodbEndpoint,
    MARU_KAFKA_BROKERS: options.brokers.join(","),
    MARU_KAFKA_REPLICATION: String(Math.min(3, options.brokers.length)),
    MARU_TOKEN_KEY: randomBytes(32).toString("base64url"),
    // What is counted in the topic is what the program itself has sent.
    MARU_CANARY_INTERVAL_MS: "0",
    AWS_ACCESS_KEY_ID: "local",
    AWS_SECRET_ACCESS_KEY: "local",
    ...(options.redisNodes !== undefined && { MARU_REDIS_NODES: options.redisNodes.join(",") }),
    ...ownDeadLetters(options.env?.MARU_KAFKA_TOPIC),
    ...options.env,
  };
  const site = await openSite({ ...(options.dataDir !== undefined && { dataDir: options.dataDir }) }, process.env, {
    graceMs: 15_000,
  });
  const command = async (...args: string[]) => {
    const { stdout } = await run(process.execPath, [serverMain, ...args], { env: { ...process.env, ...env } });
    return stdout;
  };
  let started = 0;
  return {
    folder: site.context.folder,
    env,
    setUp: async () => void (await command("setup")),
    token: async (service) => (await command("token", "--service", service)).trim(),
    userToken: async (userId) => (await command("token", "--user", userId)).trim(),
    startServer: (server) => {
      const id = ++started;
      return withFreshPorts(() => startServer(site.context, id, env, server));
    },
    startProgram: (program) => {
      const id = ++started;
      return withFreshPorts(() => startProgram(site.context, id, env, program));
    },
    keepLogs: () => site.context.supervisor.keepFolder(),
    close: site.close,
    [Symbol.asyncDispose]: site.close,
  };
}

/** Fleets that share brokers and have events of their own have a place of their own for what could not be read. */
function ownDeadLetters(topic: string | undefined): Record<string, string> {
  return topic === undefined ? {} : { MARU_KAFKA_RELAY_DEAD_LETTERS_TOPIC: `${topic}.relay-dead-letters` };
}

async function startServer(
  { supervisor, folder }: Awaited<ReturnType<typeof openSite>>["context"],
  id: number,
  env: Record<string, string>,
  options: ServerOptions,
): Promise<ServerNode> {
  const [freeGrpc = 0, freeHttp = 0, freeGateway = 0] = await freePorts(3);
  const grpcAddress = `127.0.0.1:${options.grpcPort ?? freeGrpc}`;
  const httpAddress = `127.0.0.1:${options.httpPort ?? freeHttp}`;
  const gatewayAddress = `127.0.0.1:${options.gatewayPort ?? freeGateway}`;
  const node = engineNode(supervisor, {
    ...nodeProgram({ id, name: options.name, folder, httpAddress, args: [serverMain, "serve"] }),
    address: grpcAddress,
    env: {
      ...env,
      MARU_GRPC_ADDRESS: grpcAddress,
      MARU_HTTP_ADDRESS: httpAddress,
      MARU_GATEWAY_ADDRESS: gatewayAddress,
      ...options.env,
    },
  });
  return Object.defineProperties(await startHealthy(node), {
    gatewayAddress: { value: gatewayAddress, enumerable: true },
    grpcAddress: { value: grpcAddress, enumerable: true },
    httpAddress: { value: httpAddress, enumerable: true },
  }) as ServerNode;
}

async function startProgram(
  { supervisor, folder }: Awaited<ReturnType<typeof openSite>>["context"],
  id: number,
  env: Record<string, string>,
  options: ProgramOptions,
): Promise<ProgramNode> {
  const [free = 0] = await freePorts(1);
  const httpAddress = `127.0.0.1:${options.httpPort ?? free}`;
  const node = engineNode(supervisor, {
    ...nodeProgram({ id, name: options.name, folder, httpAddress, args: [options.file] }),
    address: httpAddress,
    env: { ...env, MARU_HTTP_ADDRESS: httpAddress, ...options.env },
  });
  return Object.defineProperties(await startHealthy(node), {
    httpAddress: { value: httpAddress, enumerable: true },
  }) as ProgramNode;
}

interface NodeProgram {
  readonly id: number;
  readonly name: string;
  readonly folder: string;
  readonly httpAddress: string;
  readonly args: readonly string[];
}

function nodeProgram({ id, name, folder, httpAddress, args }: NodeProgram) {
  return {
    id,
    name,
    command: process.execPath,
    args: ["--disable-warning=TimeoutNegativeWarning", ...args],
    cwd: folder,
    logFile: join(folder, `${name}.log`),
    isHealthy: async () => (await fetch(`http://${httpAddress}/readyz`, { signal: AbortSignal.timeout(5_000) })).ok,
  };
}

/** NodeHandle's pid is a getter: whoever adds to a handle defines properties, since spreading would freeze it. */
async function startHealthy(node: NodeHandle): Promise<NodeHandle> {
  await node.start();
  try {
    await node.waitUntilHealthy();
  } catch (error) {
    await node.kill();
    throw error;
  }
  return node;
}
