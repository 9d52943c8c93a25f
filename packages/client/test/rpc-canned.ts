import { Code, ConnectError } from "@connectrpc/connect";
import {
  ERROR_DOMAIN,
  ErrorInfoSchema,
  type ErrorReason,
  MessageService,
  RequestInfoSchema,
  RetryInfoSchema,
  RoomService,
  reasonName,
} from "@maru/protocol";

/** What a call brought to a server. */
export interface Seen {
  readonly roomId: string;
  readonly key: string;
  header(name: string): string | undefined;
  /** Aborted when the caller has left. */
  readonly signal: AbortSignal;
}

/** Answers a call: with the response's fields, or by throwing. A stream is refused, or has three messages. */
export type Answer = (seen: Seen) => object | Promise<object>;

/** A server with canned answers, on a port of its own. */
export interface CannedServer extends AsyncDisposable {
  /** What `connectMaru` takes. */
  readonly address: string;
  /** All calls that came, oldest first. */
  readonly seen: readonly Seen[];
  /** Breaks all connections off, as when the process is killed. */
  kill(): Promise<void>;
}

/** The unary methods that the canned servers serve. */
export const servedMethods = [
  MessageService.method.sendMessage,
  MessageService.method.getMessage,
  MessageService.method.listMessages,
  RoomService.method.batchGetRooms,
];

export function toSeen(request: object, header: Seen["header"], signal: AbortSignal): Seen {
  const field = (name: string) => String(Reflect.get(request, name) ?? "");
  return { roomId: field("roomId"), key: field("idempotencyKey"), header, signal };
}

/** An error as Maru's servers send it. */
export function refusal(
  code: Code,
  reason: ErrorReason,
  metadata: Record<string, string> = {},
  retryAfterMs?: number,
): ConnectError {
  const retryDelay = { seconds: 0n, nanos: (retryAfterMs ?? 0) * 1_000_000 };
  return new ConnectError("refused", code, { "x-request-id": "q1" }, [
    { desc: ErrorInfoSchema, value: { domain: ERROR_DOMAIN, reason: reasonName(reason), metadata } },
    { desc: RequestInfoSchema, value: { requestId: "q1" } },
    ...(retryAfterMs === undefined ? [] : [{ desc: RetryInfoSchema, value: { retryDelay } }]),
  ]);
}

/** Never answers; ends when the caller leaves. */
export function silence({ signal }: Seen): Promise<object> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener("abort", () => reject(new ConnectError("left", Code.Canceled)), { once: true });
  });
}
