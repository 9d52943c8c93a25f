export { ageRecords, rollShards } from "./dynamodb/control.ts";
export {
  EngineFetchError,
  EngineStartError,
  ForeignEngineError,
  MissingToolError,
  StackOptionsError,
} from "./errors.ts";
export { type ChunkOrigin, startTcpProxy, type TcpProxy, type TcpProxyOptions } from "./faults/tcp-proxy.ts";
export { type ClusterState, clusterState } from "./kafka/cluster-state.ts";
export { type S3Address, s3Request } from "./object-store/s3-request.ts";
export type { NodeHandle } from "./processes/engine-node.ts";
export { flushRedis } from "./redis/flush-redis.ts";
export { scratchName } from "./scratch.ts";
export { type Stack, type StackOptions, startStack } from "./stack.ts";
export type {
  StackDynamodb,
  StackKafka,
  StackObjectStore,
  StackPostgres,
  StackRedis,
  StackTrino,
} from "./stack-engines.ts";
export { queryTrino, type TrinoAnswer, TrinoQueryError, type TrinoQueryOptions } from "./trino/query.ts";
