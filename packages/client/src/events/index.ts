export type { BrokerOptions } from "./broker-of.ts";
export {
  type CardEvent,
  type CardEventFacts,
  type CardEventKind,
  type CardHandler,
  type CardHandlers,
  on,
  type UnknownCardEvent,
} from "./card-events.ts";
export { type ConsumeOptions, consume, type Delivered, type EventLoop } from "./consume.ts";
export type { ConsumerTracing } from "./consumer-tracing.ts";
export {
  type DeadLetterFilter,
  type DeadLetterItem,
  type DeadLetterStatus,
  type ListDeadLettersOptions,
  listDeadLetters,
  NoDeadLettersError,
} from "./dead-letters.ts";
export { type EventPlace, HandlerFailedError, UndecodableEventError } from "./errors.ts";
export {
  type GroupLag,
  type GroupLagOptions,
  type GroupPartitionLag,
  type GroupRoomLag,
  groupLag,
} from "./group-lag.ts";
export type {
  AnyEvent,
  DeliveryFacts,
  EventContext,
  EventFacts,
  EventKind,
  EventOf,
  GapEvent,
  GapReason,
  Handler,
  Handlers,
  UnknownEvent,
} from "./handlers.ts";
export type { ConsumerLag, PartitionLag, RoomLag } from "./lag.ts";
export type { ConsumerMeter, ConsumerMetrics, Delivery, DeliveryOutcome, WatchedConsumer } from "./metrics.ts";
export type { FailurePolicy, SubscribeOptions } from "./options.ts";
export type { PositionStore, ProcessStep } from "./position-store.ts";
export { type RedriveOptions, type RedriveProgress, type RedriveResult, redriveDeadLetters } from "./redrive.ts";
export { type Replay, type ReplayEnd, type ReplayedEvent, replay } from "./replay.ts";
export {
  type IncompletePartition,
  ReplayHandlerError,
  ReplayIncompleteError,
  ReplayPositionError,
  TooManyRoomsError,
} from "./replay-errors.ts";
export type { ReplayFrom, ReplayOptions, RoomIds } from "./replay-options.ts";
export type { HandlerRetryOptions } from "./retry.ts";
export { type ConsumedPartition, type EntrySource, type RoomConsumer, subscribe } from "./subscribe.ts";
export type { ConsumerWarning } from "./warning.ts";
