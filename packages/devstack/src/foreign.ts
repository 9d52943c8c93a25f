import { createConnection } from "node:net";
import { StackOptionsError } from "./errors.ts";
import type { S3Address } from "./object-store/s3-request.ts";
import { DEVELOPMENT_KEYS } from "./object-store/start-object-store.ts";

/** Addresses of engines that run already, from the environment. */
export interface ForeignEngines {
  dynamodbEndpoint: string | undefined;
  kafkaBrokers: string[] | undefined;
  redisNodes: string[] | undefined;
  postgresUrl: string | undefined;
  objectStore: (S3Address & { folder: string | undefined }) | undefined;
  trinoUrl: string | undefined;
}

export function foreignEngines(env: NodeJS.ProcessEnv): ForeignEngines {
  return {
    dynamodbEndpoint: httpAddress(env, "MARU_DYNAMODB_ENDPOINT", 8000),
    kafkaBrokers: env.MARU_KAFKA_BROKERS ? addresses("MARU_KAFKA_BROKERS", env.MARU_KAFKA_BROKERS) : undefined,
    redisNodes: env.MARU_REDIS_NODES ? addresses("MARU_REDIS_NODES", env.MARU_REDIS_NODES) : undefined,
    postgresUrl: env.MARU_POSTGRES_URL ? postgresUrl(env.MARU_POSTGRES_URL) : undefined,
    objectStore: objectStore(env),
    trinoUrl: httpAddress(env, "MARU_TRINO_URL", 8080),
  };
}

/** With the keys that a stack's own store has, unless others are given. */
function objectStore(env: NodeJS.ProcessEnv): ForeignEngines["objectStore"] {
  const endpoint = httpAddress(env, "MARU_OBJECT_STORE_ENDPOINT", 7070);
  if (endpoint === undefined) return undefined;
  return {
    endpoint,
    region: DEVELOPMENT_KEYS.region,
    accessKeyId: env.MARU_OBJECT_STORE_ACCESS_KEY || DEVELOPMENT_KEYS.accessKeyId,
    secretAccessKey: env.MARU_OBJECT_STORE_SECRET_KEY || DEVELOPMENT_KEYS.secretAccessKey,
    folder: env.MARU_OBJECT_STORE_FOLDER || undefined,
  };
}

function postgresUrl(value: string): string {
  const url = URL.parse(value);
  if (url === null || !/^postgres(ql)?:$/.test(url.protocol) || url.hostname === "") {
    // Not repeated in the message: it may hold a password.
    throw new StackOptionsError(
      "MARU_POSTGRES_URL must be an address like postgres://user:password@127.0.0.1:5432/db.",
    );
  }
  return value;
}

function httpAddress(env: NodeJS.ProcessEnv, name: string, usualPort: number): string | undefined {
  const value = env[name];
  if (!value) return undefined;
  const url = URL.parse(value);
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new StackOptionsError(`${name} must be an address like http://127.0.0.1:${usualPort}, not "${value}".`);
  }
  return value.replace(/\/$/, "");
}

function addresses(name: string, value: string): string[] {
  const list = value.split(",").map((part) => part.trim());
  const wrong = list.find((part) => !/^[^\s:/]+:\d{1,5}$/.test(part));
  if (wrong !== undefined) {
    throw new StackOptionsError(
      `${name} must be a list like 127.0.0.1:9092,127.0.0.1:9093; "${wrong}" is no host:port.`,
    );
  }
  return list;
}

/** Throws unless somebody listens at one of the addresses, so that a wrong variable is seen at once. */
export async function requireListener(variable: string, hostPorts: string[], timeoutMs = 5_000): Promise<void> {
  const open = await Promise.any(hostPorts.map((hostPort) => connects(hostPort, timeoutMs))).catch(() => undefined);
  if (open === undefined) {
    throw new StackOptionsError(`Nothing answers at ${hostPorts.join(", ")}, which ${variable} names.`);
  }
}

/** `host:port` of an http, https or postgres address. */
export function hostPortOf(address: string): string {
  const { hostname, port, protocol } = new URL(address);
  const usual: Record<string, string> = { "http:": "80", "https:": "443" };
  return `${hostname}:${port || (usual[protocol] ?? "5432")}`;
}

function connects(hostPort: string, timeoutMs: number): Promise<true> {
  const at = hostPort.lastIndexOf(":");
  return new Promise((resolve, reject) => {
    const socket = createConnection({ host: hostPort.slice(0, at), port: Number(hostPort.slice(at + 1)) });
    socket.setTimeout(timeoutMs, () => socket.destroy(new Error("timeout")));
    socket.once("error", reject);
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
  });
}
