/** What is used of a browser's WebSocket, so that another one can stand in its place. */
export interface WebSocketLike {
  binaryType: string;
  readonly bufferedAmount: number;
  onopen: ((event: never) => unknown) | null;
  onmessage: ((event: never) => unknown) | null;
  onclose: ((event: never) => unknown) | null;
  onerror: ((event: never) => unknown) | null;
  send(data: string | Uint8Array<ArrayBuffer>): void;
  close(code?: number, reason?: string): void;
}

/** The class of such sockets: the browser's `WebSocket`, that of Node ≥ 22, that of the package `ws`. */
export type WebSocketConstructor = new (url: string, protocols: string) => WebSocketLike;

/** The WebSocket of the place where this runs. */
export function globalWebSocket(): WebSocketConstructor {
  const found: unknown = Reflect.get(globalThis, "WebSocket");
  if (typeof found !== "function") {
    throw new TypeError("there is no global WebSocket here: pass one, connectRealtime({ webSocket })");
  }
  return found as WebSocketConstructor;
}
