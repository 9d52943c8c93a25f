import { ErrorReason } from "@maru/protocol";
import type { UserConnection } from "../domain/presence/presences.ts";
import { MaruError } from "../errors.ts";
import type { Sessions } from "./realtime.ts";
import { sessionsKey } from "./redis-keys.ts";
import { goodRegistrations } from "./registration.ts";
import { Registrations, type RegistrationsOptions } from "./registrations.ts";

export interface KeptSessions extends Sessions {
  readonly registrations: Registrations;
}

export function createSessions(options: Omit<RegistrationsOptions, "keyOf">): KeptSessions {
  const { redis, clock } = options;
  const registrations = new Registrations({ ...options, keyOf: sessionsKey });
  return {
    registrations,
    add: (userId, sinceMs) => registrations.add(userId, sinceMs),
    remove: (userId) => registrations.remove(userId),
    async read(userIds) {
      try {
        const found = await redis.run((cluster) => Promise.all(userIds.map((id) => cluster.hgetall(sessionsKey(id)))));
        return userIds.map((userId, index) => toConnection(userId, found[index] ?? {}, clock.nowMs()));
      } catch (cause) {
        throw new MaruError(ErrorReason.REALTIME_UNAVAILABLE, { cause });
      }
    },
  };
}

/** A user with several devices is connected since the first of them was. */
function toConnection(userId: string, fields: Readonly<Record<string, string>>, nowMs: number): UserConnection {
  const since = [...goodRegistrations(fields, nowMs).values()].map(({ sinceMs }) => sinceMs);
  return { userId, sinceMs: since.length === 0 ? undefined : Math.min(...since) };
}
