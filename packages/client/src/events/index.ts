export {
  type CardEvent,
  type CardEventFacts,
  type CardEventKind,
  type CardHandler,
  type CardHandlers,
  on,
  type UnknownCardEvent,
} from "./card-events.ts";
export type { ConsumerTracing } from "./consumer-tracing.ts";
export { type EventPlace, HandlerFailedError, UndecodableEventError } from "./errors.ts";
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
export type { SubscribeOptions } from "./options.ts";
export type { PositionStore, ProcessStep } from "./position-store.ts";
export type { HandlerRetryOptions } from "./retry.ts";
export { type ConsumedPartition, type EntrySource, type RoomConsumer, subscribe } from "./subscribe.ts";
export type { ConsumerWarning } from "./warning.ts";
