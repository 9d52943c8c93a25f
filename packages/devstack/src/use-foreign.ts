import { StackOptionsError } from "./errors.ts";
import { type ForeignEngines, hostPortOf, requireListener } from "./foreign.ts";
import {
  foreignDynamodb,
  foreignNodes,
  foreignObjectStore,
  foreignPostgres,
  foreignTrino,
  type StackDynamodb,
  type StackKafka,
  type StackObjectStore,
  type StackPostgres,
  type StackRedis,
  type StackTrino,
} from "./stack-engines.ts";

/** Which engines are asked for. */
type Wanted = { [name in keyof Engines]?: unknown };

/** The engines of a stack. */
export interface Engines {
  dynamodb?: StackDynamodb;
  kafka?: StackKafka;
  redis?: StackRedis;
  postgres?: StackPostgres;
  objectStore?: StackObjectStore;
  trino?: StackTrino;
}

/** Those of the wanted engines that are there already. Throws StackOptionsError where nobody answers. */
export async function useForeign(wanted: Wanted, foreign: ForeignEngines): Promise<Engines> {
  const { dynamodbEndpoint, kafkaBrokers, redisNodes, postgresUrl, objectStore, trinoUrl } = foreign;
  const used: Engines = {};
  if (wanted.dynamodb && dynamodbEndpoint !== undefined) {
    await requireListener("MARU_DYNAMODB_ENDPOINT", [hostPortOf(dynamodbEndpoint)]);
    used.dynamodb = foreignDynamodb(dynamodbEndpoint);
  }
  if (wanted.kafka && kafkaBrokers !== undefined) {
    await requireListener("MARU_KAFKA_BROKERS", kafkaBrokers);
    used.kafka = { brokers: kafkaBrokers, ...foreignNodes("Kafka") };
  }
  if (wanted.redis && redisNodes !== undefined) {
    await requireListener("MARU_REDIS_NODES", redisNodes);
    used.redis = { nodes: redisNodes, ...foreignNodes("Redis") };
  }
  if (wanted.postgres && postgresUrl !== undefined) {
    await requireListener("MARU_POSTGRES_URL", [hostPortOf(postgresUrl)]);
    used.postgres = foreignPostgres(postgresUrl);
  }
  if (wanted.objectStore && objectStore !== undefined) {
    await requireListener("MARU_OBJECT_STORE_ENDPOINT", [hostPortOf(objectStore.endpoint)]);
    used.objectStore = foreignObjectStore(objectStore);
  }
  if (wanted.trino && trinoUrl !== undefined) {
    await requireListener("MARU_TRINO_URL", [hostPortOf(trinoUrl)]);
    if (used.objectStore === undefined) throw new StackOptionsError(STORE_OF_TRINO);
    used.trino = foreignTrino(trinoUrl);
  }
  return used;
}

const STORE_OF_TRINO =
  "The Trino that MARU_TRINO_URL names reads an object store of its own: name that with MARU_OBJECT_STORE_ENDPOINT.";
