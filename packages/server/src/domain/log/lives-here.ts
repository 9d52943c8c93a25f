import { ErrorReason, type Room } from "@maru/protocol";
import { MaruError } from "../../errors.ts";

/** A room that is being moved is written in one place. */
export function requireLivesHere({ roomId, authority }: Pick<Room, "roomId" | "authority">): void {
  if (authority === "") return;
  throw new MaruError(ErrorReason.ROOM_NOT_SERVED_HERE, { metadata: { room_id: roomId, authority } });
}
