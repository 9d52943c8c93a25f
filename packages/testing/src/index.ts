export { failHandler, type HandlerFailure } from "./fail-handler.ts";
export type { MemoryBroker } from "./memory-broker.ts";
export {
  type CommitFault,
  type MemoryPositions,
  type MemoryPositionsOptions,
  type MemoryStep,
  type MemoryTx,
  memoryPositions,
} from "./memory-positions.ts";
export type { MemoryRecord } from "./memory-record.ts";
export type { MemoryTopic, ReadOptions, RecordListener, TopicSubscription } from "./memory-topic.ts";
export { RecordsDroppedError } from "./records-dropped-error.ts";
export { startTestMaru } from "./start-test-maru.ts";
export type { Fault, TestFaults, WhichEvents } from "./test-faults.ts";
export type { TestMaru, TestMaruOptions } from "./test-maru.ts";
