import { startDynamodb } from "./dynamodb/start-dynamodb.ts";
import { requireJava } from "./engines/tools.ts";
import { EngineStartError } from "./errors.ts";
import { type ForeignEngines, foreignEngines, hostPortOf, requireListener } from "./foreign.ts";
import { startKafka } from "./kafka/start-kafka.ts";
import { startPostgres } from "./postgres/start-postgres.ts";
import type { NodeHandle } from "./processes/engine-node.ts";
import { startRedis } from "./redis/start-redis.ts";
import { openSite } from "./site.ts";
import {
  foreignDynamodb,
  foreignNodes,
  foreignPostgres,
  ownDynamodb,
  ownNodes,
  type StackDynamodb,
  type StackKafka,
  type StackPostgres,
  type StackRedis,
} from "./stack-engines.ts";
import { withFreshPorts } from "./taken-ports.ts";

export interface StackOptions {
  dynamodb?: boolean | { storage?: "memory" | "disk" };
  kafka?: boolean | { brokers?: 1 | 3 };
  redis?: boolean | { masters?: 1 | 3; replicas?: 0 | 1 };
  /** PostgreSQL as it is installed on this machine, 14 or newer. */
  postgres?: boolean;
  /** Without `persist`, where the stack's own folder is made (default: the temporary folder), which is deleted at close. */
  dataDir?: string;
  /** Keeps the data of DynamoDB, Kafka and PostgreSQL in `dataDir` itself over restarts. Redis always starts empty. */
  persist?: boolean;
  /** Gets a line about each slow step, such as a download. */
  onProgress?: (line: string) => void;
  /** Default `process.env`: the addresses of existing engines, JAVA_HOME, PATH, MARU_CACHE_DIR. */
  env?: NodeJS.ProcessEnv;
}

/** The engines that were asked for. They end with `close`, or with this program, however that ends. */
export interface Stack extends AsyncDisposable {
  dynamodb?: StackDynamodb;
  kafka?: StackKafka;
  redis?: StackRedis;
  postgres?: StackPostgres;
  /** Holds data and logs; undefined if every engine was there already. */
  folder: string | undefined;
  close(): Promise<void>;
}

/**
 * Starts the engines that are asked for, all at once, on free loopback ports, and resolves when every one of them serves.
 * An engine whose address the environment names (MARU_DYNAMODB_ENDPOINT, MARU_KAFKA_BROKERS, MARU_REDIS_NODES,
 * MARU_POSTGRES_URL) is used instead.
 */
export async function startStack(options: StackOptions): Promise<Stack> {
  const env = options.env ?? process.env;
  const used = await useForeign(options, foreignEngines(env));
  const wanted = {
    dynamodb: Boolean(options.dynamodb) && used.dynamodb === undefined,
    kafka: Boolean(options.kafka) && used.kafka === undefined,
    redis: Boolean(options.redis) && used.redis === undefined,
    postgres: Boolean(options.postgres) && used.postgres === undefined,
  };
  if (!Object.values(wanted).includes(true)) return { ...used, ...closing(async () => undefined), folder: undefined };

  const java = wanted.dynamodb || wanted.kafka ? await requireJava(env) : undefined;
  const site = await openSite(options, env);
  const { context } = site;
  const jvm = java && { ...context, java };
  const starts = {
    dynamodb: wanted.dynamodb && jvm ? withFreshPorts(() => startDynamodb(jvm, dynamodbOptions(options))) : undefined,
    kafka: wanted.kafka && jvm ? withFreshPorts(() => startKafka(jvm, kafkaOptions(options))) : undefined,
    redis: wanted.redis ? withFreshPorts(() => startRedis(context, redisOptions(options))) : undefined,
    postgres: wanted.postgres
      ? withFreshPorts(() => startPostgres(context, { persist: options.persist ?? false }))
      : undefined,
  };
  try {
    const [dynamodb, kafka, redis, postgres] = await Promise.all([
      starts.dynamodb,
      starts.kafka,
      starts.redis,
      starts.postgres,
    ]);
    return {
      ...used,
      ...(dynamodb && { dynamodb: ownDynamodb(dynamodb) }),
      ...(kafka && { kafka: { brokers: addressesOf(kafka), ...ownNodes("Kafka", kafka) } }),
      ...(redis && { redis: { nodes: addressesOf(redis), ...ownNodes("Redis", redis) } }),
      ...(postgres && { postgres: { url: postgres.url, node: () => postgres.node, owned: true } }),
      ...closing(site.close),
      folder: context.folder,
    };
  } catch (error) {
    await site.abandon(Object.values(starts), { keepLogs: error instanceof EngineStartError });
    throw error;
  }
}

type Engines = Pick<Stack, "dynamodb" | "kafka" | "redis" | "postgres">;

async function useForeign(options: StackOptions, foreign: ForeignEngines): Promise<Engines> {
  const { dynamodbEndpoint, kafkaBrokers, redisNodes, postgresUrl } = foreign;
  const used: Engines = {};
  if (options.dynamodb && dynamodbEndpoint !== undefined) {
    await requireListener("MARU_DYNAMODB_ENDPOINT", [hostPortOf(dynamodbEndpoint)]);
    used.dynamodb = foreignDynamodb(dynamodbEndpoint);
  }
  if (options.kafka && kafkaBrokers !== undefined) {
    await requireListener("MARU_KAFKA_BROKERS", kafkaBrokers);
    used.kafka = { brokers: kafkaBrokers, ...foreignNodes("Kafka") };
  }
  if (options.redis && redisNodes !== undefined) {
    await requireListener("MARU_REDIS_NODES", redisNodes);
    used.redis = { nodes: redisNodes, ...foreignNodes("Redis") };
  }
  if (options.postgres && postgresUrl !== undefined) {
    await requireListener("MARU_POSTGRES_URL", [hostPortOf(postgresUrl)]);
    used.postgres = foreignPostgres(postgresUrl);
  }
  return used;
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
