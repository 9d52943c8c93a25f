// What calls take and give, so that most pages need no second import.
export { type Content, type Entry, ErrorReason, type Message, type ReadMarker } from "@maru/protocol";
export type { RoomAdded, RoomRemoved } from "@maru/protocol/realtime";
export { type ContentInit, location, media, text } from "../contents.ts";
export { connectRealtime, type Realtime, type RoomStart } from "./connect-realtime.ts";
export type { Encoding } from "./frame-codec.ts";
export type { Unsubscribe } from "./listeners.ts";
export { makeMessageKey } from "./message-key.ts";
export {
  type KeyValueStorage,
  localStoragePositions,
  memoryPositions,
  type PositionStorage,
  type StoredPositions,
} from "./positions.ts";
export type { PresenceSignal } from "./presence-watches.ts";
export { isReason, RealtimeError, type RealtimeErrorInit } from "./realtime-error.ts";
export type { RealtimeOptions, RealtimeState } from "./realtime-options.ts";
export type { ReconnectOptions } from "./reconnect.ts";
export type { Room } from "./room.ts";
export type { RoomItem } from "./room-buffer.ts";
export type { Sending, SendOptions, SentMessage } from "./sending.ts";
export type { TypingSignal } from "./typing-signals.ts";
export type { WebSocketConstructor, WebSocketLike } from "./web-socket.ts";
