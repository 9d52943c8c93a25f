import { create } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { type BatchGetPresenceRequest, ErrorReason, type Presence, PresenceSchema } from "@maru/protocol";
import { MaruError } from "../../errors.ts";
import type { Domain } from "../domain.ts";

export async function batchGetPresence(
  { presences }: Pick<Domain, "presences">,
  { userIds }: BatchGetPresenceRequest,
): Promise<Presence[]> {
  if (presences === undefined) throw new MaruError(ErrorReason.REALTIME_UNAVAILABLE);
  const found = await presences.read(userIds);
  return found.map(({ userId, sinceMs }) => {
    const connected = sinceMs !== undefined;
    return create(PresenceSchema, { userId, connected, ...(connected && { since: timestampFromMs(sinceMs) }) });
  });
}
