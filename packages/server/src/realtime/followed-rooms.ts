import type { FollowedRooms } from "./realtime.ts";
import { followersKey } from "./redis-keys.ts";
import { Registrations, type RegistrationsOptions } from "./registrations.ts";

export interface KeptFollowedRooms extends FollowedRooms {
  readonly registrations: Registrations;
}

export function createFollowedRooms(options: Omit<RegistrationsOptions, "keyOf">): KeptFollowedRooms {
  const registrations = new Registrations({ ...options, keyOf: followersKey });
  return {
    registrations,
    add: (roomId) => registrations.add(roomId, options.clock.nowMs()),
    remove: (roomId) => registrations.remove(roomId),
  };
}
