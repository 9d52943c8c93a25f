import type { Encoding } from "./frame-codec.ts";
import type { PositionStorage } from "./positions.ts";
import type { RealtimeError } from "./realtime-error.ts";
import type { ReconnectOptions } from "./reconnect.ts";
import type { WebSocketConstructor } from "./web-socket.ts";

/** How {@link connectRealtime} connects. */
export interface RealtimeOptions {
  /** Address of the gateways: `wss://chat.example.com`. */
  readonly url: string;
  /**
   * The user's token, or a function that fetches one from the app's backend. The function is called for each connection, so
   * also when a token has run out. When it fails it is called again after a pause.
   */
  readonly token: string | (() => string | Promise<string>);
  /** Where the app's positions are kept over page loads. @default none: `room(roomId, { after })` says where to begin */
  readonly positions?: PositionStorage;
  /** `json` shows readable frames in the browser's network panel, and costs more. @default "protobuf" */
  readonly encoding?: Encoding;
  /** What connects, for the gateway's log: "web-chat 1.4.2". */
  readonly client?: string;
  /** How fast a lost connection is made again. */
  readonly reconnect?: ReconnectOptions;
  /** Entries of a room that wait for a loop which does not ask for them; more are fetched when it does. @default 1000 */
  readonly maxBufferedEntries?: number;
  /** Told what was got over, or concerns no call of the app. @default console.warn */
  readonly onWarning?: (error: RealtimeError) => void;
  /** The WebSocket to use. @default the global one: browsers and Node ≥ 22 have it */
  readonly webSocket?: WebSocketConstructor;
}

/** Where the connection is. */
export type RealtimeState =
  | { readonly status: "connecting" }
  | { readonly status: "connected" }
  /** It was lost, and is made again at `until`. */
  | { readonly status: "waiting"; readonly until: Date; readonly why: RealtimeError }
  /** For good: by `close()`, or when another try would end in the same way, and then `why` says what happened. */
  | { readonly status: "closed"; readonly why: RealtimeError | undefined };
