import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { Entry, ReadMarker } from "@maru/protocol";
import type { AdminDomain } from "../domain/admin/start-job.ts";
import { createCardTypes } from "../domain/cards/card-types.ts";
import { defaultDomainLimits } from "../domain/domain.ts";
import { createLog, defaultLogLimits } from "../domain/log/log.ts";
import type { Presences } from "../domain/presence/presences.ts";
import type { Inbox } from "../domain/rooms/inbox.ts";
import type { RoomKinds } from "../domain/rooms/room-kind.ts";
import type { ServerParts } from "./server-parts.ts";

export interface DomainHooks {
  readonly kinds: RoomKinds;
  /** See LogOptions. */
  readonly onStored: (entry: Entry) => void;
  readonly onReadMoved?: (marker: ReadMarker) => void;
  readonly presences?: Presences | undefined;
  readonly inbox?: Inbox | undefined;
}

export function createDomain(
  parts: ServerParts,
  { kinds, onStored, onReadMoved, presences, inbox }: DomainHooks,
): AdminDomain {
  const { config, telemetry, clock, store, jobs, cardTypes } = parts;
  const log = createLog({
    store,
    clock,
    random: Math.random,
    sleep: (ms) => sleep(ms),
    // No caller knows the key that the server makes, so it need not carry its time.
    newKey: randomUUID,
    limits: {
      ...defaultLogLimits,
      cachedTailMaxAgeMs: config.cachedTailMaxAgeMs,
      appendTimeoutMs: config.appendTimeoutMs,
      keyMaxSkewMs: config.keyMaxSkewMs,
      keyReadBackEntries: config.keyReadBackEntries,
      cacheBytes: config.cacheBytes,
    },
    onLost: () => telemetry.appendsLost.inc(),
    onStored,
  });
  return {
    store,
    jobs,
    topic: parts.topic,
    log,
    limits: {
      ...defaultDomainLimits,
      maxTextBytes: config.maxTextBytes,
      maxEdits: config.maxEdits,
      maxReactingUsers: config.maxReactingUsers,
      maxPins: config.maxPins,
      unreadMaxEntries: config.unreadMaxEntries,
      listRoomsMax: config.listRoomsMax,
      eraseIndexDelayMs: config.eraseIndexDelayMs,
    },
    kinds,
    cards: createCardTypes({
      store: cardTypes,
      clock,
      limits: { cacheBytes: config.cardCacheBytes, maxAgeMs: config.cardTypeMaxAgeMs },
    }),
    ...(onReadMoved !== undefined && { onReadMoved }),
    presences,
    inbox,
    onFault: (error, facts) => parts.log.error({ ...facts, error }, "a part of a call failed unforeseen"),
  };
}
