import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { user } from "@maru/client";
import { type Content, ErrorReason } from "@maru/protocol";
import type { ClientFrame, MarkRead, RoomPosition, Send } from "@maru/protocol/realtime";
import { MaruError } from "../errors.ts";
import type { Connection } from "./connection.ts";
import { type EncodedFrame, encodeFrame } from "./encoded-frame.ts";
import type { GatewayParts } from "./gateway-parts.ts";
import { refuse } from "./refuse.ts";

/** Does what a session's frame asks for. Does not throw: the answer, or an error frame, says what came of it. */
export function handleFrame(parts: GatewayParts, connection: Connection, frame: ClientFrame): void {
  try {
    dispatch(parts, connection, frame);
  } catch (error) {
    refuse(parts, connection, frame.requestId, error);
  }
}

function dispatch(parts: GatewayParts, connection: Connection, { requestId, kind }: ClientFrame): void {
  const { rooms } = parts;
  switch (kind.case) {
    case "resume":
      rooms.resume(connection, requestId, kind.value.rooms);
      break;
    case "unfollow":
      rooms.unfollow(connection, kind.value.roomIds);
      break;
    case "send":
      send(parts, connection, requestId, kind.value);
      break;
    case "markRead":
      markRead(parts, connection, requestId, kind.value);
      break;
    case "typing":
      rooms.typing(connection, kind.value.roomId, kind.value.stopped);
      break;
    case "watchPresence":
      rooms.watchPresence(connection, kind.value.roomIds);
      break;
    case "ping":
      connection.send(pongFrame(requestId, rooms.recentTails(connection), parts.clock.nowMs()));
      break;
    default:
      throw new MaruError(ErrorReason.INVALID_REQUEST, { message: "the hello was said already" });
  }
}

export function pongFrame(requestId: string, tails: readonly RoomPosition[], nowMs: number): EncodedFrame {
  return encodeFrame({ case: "pong", value: { requestId, tails: [...tails], serverTime: timestampFromMs(nowMs) } });
}

function send(parts: GatewayParts, connection: Connection, requestId: string, wanted: Send): void {
  requireUsersContent(wanted.content);
  requireFewSends(parts, connection);
  const { roomId, content, idempotencyKey, replyToSeq, mentions } = wanted;
  connection.sends.inOrder(roomId, () =>
    answer(parts, connection, requestId, async () => {
      const actor = user(connection.userId);
      const request = {
        roomId,
        actor,
        idempotencyKey,
        replyToSeq,
        mentions,
        ...(content !== undefined && { content }),
      };
      const { entry } = await parts.maru.messages.send(request);
      if (entry === undefined) throw new Error("the server's answer has no entry");
      const { seq, createdAt } = entry;
      return encodeFrame({
        case: "ack",
        value: { requestId, roomId, seq, ...(createdAt !== undefined && { createdAt }) },
      });
    }),
  );
}

function markRead(parts: GatewayParts, connection: Connection, requestId: string, { roomId, seq }: MarkRead): void {
  requireFewSends(parts, connection);
  connection.sends.beside(() =>
    answer(parts, connection, requestId, async () => {
      const { marker } = await parts.maru.reads.markRead({ roomId, actor: user(connection.userId), seq });
      return encodeFrame({ case: "ack", value: { requestId, roomId, seq: marker?.readSeq ?? 0 } });
    }),
  );
}

async function answer(
  parts: GatewayParts,
  connection: Connection,
  requestId: string,
  work: () => Promise<EncodedFrame>,
): Promise<void> {
  try {
    connection.send(await work());
  } catch (error) {
    refuse(parts, connection, requestId, error);
  }
}

const usersContents: ReadonlySet<Content["kind"]["case"]> = new Set(["text", "media", "location"]);

function requireUsersContent(content: Content | undefined): void {
  if (usersContents.has(content?.kind.case)) return;
  throw new MaruError(ErrorReason.ACTOR_NOT_ALLOWED, {
    message: "users send text, media and locations: cards and system messages come from services",
    metadata: { actor: "user" },
  });
}

function requireFewSends({ limits }: GatewayParts, { sends }: Connection): void {
  if (sends.count < limits.maxSends) return;
  throw new MaruError(ErrorReason.RATE_LIMITED, {
    message: `${limits.maxSends} sends of the connection have no answer yet`,
    retryAfterMs: 1_000,
  });
}
