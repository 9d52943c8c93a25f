import { createHash } from "node:crypto";

/**
 * A room id that follows from what identifies the room, so that two calls that mean the same room meet at one
 * condition. Each part is preceded by its length: no two lists of parts read the same.
 */
export function deriveRoomId(kind: "created" | "direct", parts: readonly string[]): string {
  const hash = createHash("sha256");
  for (const part of [kind, ...parts]) hash.update(`${Buffer.byteLength(part)}:`).update(part);
  return hash.digest("hex").slice(0, 32);
}

/** Whether the server made the id. Rooms that were imported have others. */
export function isDerivedRoomId(roomId: string): boolean {
  return /^[0-9a-f]{32}$/.test(roomId);
}
