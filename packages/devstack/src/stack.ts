import { startDynamodb } from "./dynamodb/start-dynamodb.ts";
import type { JvmContext } from "./engine-context.ts";
import { requireJava } from "./engines/tools.ts";
import { EngineStartError, StackOptionsError } from "./errors.ts";
import { foreignEngines } from "./foreign.ts";
import { startKafka } from "./kafka/start-kafka.ts";
import type { S3Address } from "./object-store/s3-request.ts";
import { startObjectStore } from "./object-store/start-object-store.ts";
import { startPostgres } from "./postgres/start-postgres.ts";
import type { NodeHandle } from "./processes/engine-node.ts";
import { startRedis } from "./redis/start-redis.ts";
import { openSite } from "./site.ts";
import { ownDynamodb, ownNodes, ownObjectStore } from "./stack-engines.ts";
import { withFreshPorts } from "./taken-ports.ts";
import { type RunningTrino, startTrino } from "./trino/start-trino.ts";
import { type Engines, useForeign } from "./use-foreign.ts";

export interface StackOptions {
  dynamodb?: boolean | { storage?: "memory" | "disk" };
  kafka?: boolean | { brokers?: 1 | 3 };
  redis?: boolean | { masters?: 1 | 3; replicas?: 0 | 1 };
  /** PostgreSQL as it is installed on this machine, 14 or newer. */
  postgres?: boolean;
  /** An object store that speaks S3. Its first start builds it with Go 1.25 or newer. */
  objectStore?: boolean;
  /**
   * Trino (SQL in Athena's dialect) over tables in the object store, which it needs. Takes about 0.6 GB of memory. It keeps
   * the descriptions of its tables in the object store, or finds them in a Glue catalog.
   */
  trino?: boolean | { glueEndpoint?: string };
  /** Without `persist`, where the stack's own folder is made (default: the temporary folder), which is deleted at close. */
  dataDir?: string;
  /** Keeps the data of DynamoDB, Kafka, PostgreSQL and the object store in `dataDir` itself over restarts. Redis always starts empty. */
  persist?: boolean;
  /** Gets a line about each slow step, such as a download. */
  onProgress?: (line: string) => void;
  /** Default `process.env`: the addresses of existing engines, JAVA_HOME, PATH, MARU_CACHE_DIR. */
  env?: NodeJS.ProcessEnv;
}

/** The engines that were asked for. They end with `close`, or with this program, however that ends. */
export interface Stack extends AsyncDisposable, Engines {
  /** Holds data and logs; undefined if every engine was there already. */
  folder: string | undefined;
  close(): Promise<void>;
}

/**
 * Starts the engines that are asked for, all at once, on free loopback ports, and resolves when every one of them serves.
 * An engine whose address the environment names (MARU_DYNAMODB_ENDPOINT, MARU_KAFKA_BROKERS, MARU_REDIS_NODES,
 * MARU_POSTGRES_URL, MARU_OBJECT_STORE_ENDPOINT, MARU_TRINO_URL) is used instead.
 */
export async function startStack(options: StackOptions): Promise<Stack> {
  const env = options.env ?? process.env;
  if (options.trino && !options.objectStore) {
    throw new StackOptionsError("trino needs objectStore: its tables are in there.");
  }
  const used = await useForeign(options, foreignEngines(env));
  const wanted = {
    dynamodb: Boolean(options.dynamodb) && used.dynamodb === undefined,
    kafka: Boolean(options.kafka) && used.kafka === undefined,
    redis: Boolean(options.redis) && used.redis === undefined,
    postgres: Boolean(options.postgres) && used.postgres === undefined,
    objectStore: Boolean(options.objectStore) && used.objectStore === undefined,
    trino: Boolean(options.trino) && used.trino === undefined,
  };
  if (!Object.values(wanted).includes(true)) return { ...used, ...closing(async () => undefined), folder: undefined };

  const java = wanted.dynamodb || wanted.kafka || wanted.trino ? await requireJava(env) : undefined;
  const site = await openSite(options, env);
  const { context } = site;
  const jvm = java && { ...context, java };
  const objectStore = wanted.objectStore ? withFreshPorts(() => startObjectStore(context)) : undefined;
  const store = objectStore ?? used.objectStore;
  const starts = {
    dynamodb: wanted.dynamodb && jvm ? withFreshPorts(() => startDynamodb(jvm, dynamodbOptions(options))) : undefined,
    kafka: wanted.kafka && jvm ? withFreshPorts(() => startKafka(jvm, kafkaOptions(options))) : undefined,
    redis: wanted.redis ? withFreshPorts(() => startRedis(context, redisOptions(options))) : undefined,
    postgres: wanted.postgres
      ? withFreshPorts(() => startPostgres(context, { persist: options.persist ?? false }))
      : undefined,
    objectStore,
    trino: wanted.trino && jvm && store ? startTrinoOver(jvm, store, toObject(options.trino)) : undefined,
  };
  try {
    const [dynamodb, kafka, redis, postgres, ownStore, trino] = await Promise.all([
      starts.dynamodb,
      starts.kafka,
      starts.redis,
      starts.postgres,
      starts.objectStore,
      starts.trino,
    ]);
    return {
      ...used,
      ...(dynamodb && { dynamodb: ownDynamodb(dynamodb) }),
      ...(kafka && { kafka: { brokers: addressesOf(kafka), ...ownNodes("Kafka", kafka) } }),
      ...(redis && { redis: { nodes: addressesOf(redis), ...ownNodes("Redis", redis) } }),
      ...(postgres && { postgres: { url: postgres.url, node: () => postgres.node, owned: true } }),
      ...(ownStore && { objectStore: ownObjectStore(ownStore) }),
      ...(trino && { trino: { url: trino.url, node: () => trino.node, owned: true } }),
      ...closing(site.close),
      folder: context.folder,
    };
  } catch (error) {
    await site.abandon(Object.values(starts), { keepLogs: error instanceof EngineStartError });
    throw error;
  }
}

/** Once the object store serves, as Trino keeps the descriptions of its tables in there. */
async function startTrinoOver(
  jvm: JvmContext,
  store: S3Address | Promise<S3Address>,
  options: { glueEndpoint?: string } = {},
): Promise<RunningTrino> {
  const address = await store;
  return withFreshPorts(() => startTrino(jvm, address, options.glueEndpoint));
}

function dynamodbOptions(options: StackOptions): { storage: "memory" | "disk" } {
  return { storage: options.persist ? "disk" : "memory", ...toObject(options.dynamodb) };
}

function kafkaOptions(options: StackOptions): { brokers: 1 | 3 } {
  return { brokers: 1, ...toObject(options.kafka) };
}

function redisOptions(options: StackOptions): { masters: 1 | 3; replicas: 0 | 1 } {
  return { masters: 1, replicas: 0, ...toObject(options.redis) };
}

function toObject<T extends object>(value: boolean | T | undefined): T | undefined {
  return typeof value === "object" ? value : undefined;
}

function addressesOf(nodes: NodeHandle[]): string[] {
  return nodes.map((node) => node.address);
}

function closing(end: () => Promise<void>): Pick<Stack, "close" | typeof Symbol.asyncDispose> {
  let closed: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closed ??= end();
    return closed;
  };
  return { close, [Symbol.asyncDispose]: close };
}
