// What calls take and return, so that most programs need no second import.
export type { CallOptions, Interceptor } from "@connectrpc/connect";
export {
  type Actor,
  type Card,
  type CardType,
  type Content,
  type Entry,
  ErrorReason,
  HoldState,
  type Job,
  JobState,
  ListOrder,
  type Member,
  MemberRole,
  type Message,
  type ReadMarker,
  type Room,
} from "@maru/protocol";
export { type ActorInit, service, system, user } from "./actors.ts";
export type { CallTracing, TracedServer } from "./call-tracing.ts";
export { cardOf } from "./card-of.ts";
export type { CardSender, SendCardOptions, UpdateCardOptions } from "./cards.ts";
export { type ConnectOptions, connectMaru, type Maru } from "./connect.ts";
export { type ContentInit, card, location, media, notice, text } from "./contents.ts";
export { type FieldViolation, isReason, MaruError, type MaruErrorInit, toMaruError } from "./errors.ts";
export type { NounClient, NounClients, Verb } from "./nouns.ts";
export { type PagedCall, type PageItem, paginate } from "./pages.ts";
export type { RetryOptions } from "./retry.ts";
export type { KeepaliveOptions, TlsOptions } from "./server-transport.ts";
export type { StatusName } from "./status-name.ts";
export type { TokenProvider } from "./token.ts";
export { type WatchRoomOptions, type WatchRoomStart, watchRoom } from "./watch-room.ts";
