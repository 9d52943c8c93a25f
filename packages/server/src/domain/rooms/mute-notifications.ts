import type { Member, MuteNotificationsRequest } from "@maru/protocol";
import { provenActor, requireUser } from "../actor.ts";
import type { Call } from "../call.ts";
import type { Domain } from "../domain.ts";
import { mutedUntilAt, requireTime } from "./muted-until.ts";
import { setOwnSettings } from "./own-settings.ts";

export async function muteNotifications(
  { store, log }: Domain,
  call: Call,
  request: MuteNotificationsRequest,
): Promise<Member> {
  const userId = requireUser(provenActor(call, request.actor), "mute notifications");
  requireTime("muted_until", request.mutedUntil);
  const notificationsMutedUntil = mutedUntilAt(log.clock.nowMs(), request.mutedUntil);
  return setOwnSettings(store, request.roomId, userId, { notificationsMutedUntil });
}
