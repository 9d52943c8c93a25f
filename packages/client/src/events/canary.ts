import { CANARY_ROOM_PREFIX } from "@maru/protocol";

/** Whether the room is one in which servers send to themselves, to prove that events come through: no team has a use for it. */
export function isCanary(roomId: string): boolean {
  return roomId.startsWith(CANARY_ROOM_PREFIX);
}
