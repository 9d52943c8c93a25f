import type { Entry, ReadMarker } from "@maru/protocol";
import { Counter } from "prom-client";
import type { ReadinessCheck } from "../api/readiness.ts";
import type { PolledTails } from "../domain/events/polled-tails.ts";
import type { Presences } from "../domain/presence/presences.ts";
import type { Inbox } from "../domain/rooms/inbox.ts";
import { createPublishQueue } from "../realtime/publish-queue.ts";
import type { Realtime } from "../realtime/realtime.ts";
import { createRoomMembers } from "../realtime/room-members.ts";
import { storedMemberIds } from "../realtime/stored-member-ids.ts";
import type { ServerParts } from "./server-parts.ts";

/** What a server that serves calls tells other nodes, and hears of them. Without Redis it does nothing. */
export interface ServerNode extends AsyncDisposable {
  readonly presences: Presences | undefined;
  readonly inbox: Inbox | undefined;
  readonly checks: readonly ReadinessCheck[];
  stored(entry: Entry): void;
  readMoved(marker: ReadMarker): void;
  followed(roomId: string): void;
  left(roomId: string): void;
}

/** `tails` are those that learn of what other servers stored. */
export async function createNode(parts: ServerParts, tails: () => PolledTails): Promise<ServerNode> {
  const realtime = await parts.openNode?.({
    listener: {
      pushed({ kind }) {
        if (kind.case === "entries") for (const entry of kind.value.entries) tails().stored(entry);
      },
      // Rooms that are watched are looked at again and again anyway.
      interrupted: () => undefined,
    },
    roomMembers: createRoomMembers(storedMemberIds(parts.store)),
  });
  return realtime === undefined ? noNode : nodeOf(parts, realtime);
}

const noNode: ServerNode = {
  presences: undefined,
  inbox: undefined,
  checks: [],
  stored: () => undefined,
  readMoved: () => undefined,
  followed: () => undefined,
  left: () => undefined,
  [Symbol.asyncDispose]: async () => undefined,
};

function nodeOf({ config, telemetry, log }: ServerParts, realtime: Realtime): ServerNode {
  const left = new Counter({
    name: "maru_realtime_left_to_gateways_total",
    help: "Entries that were stored and could not be told through Redis; the gateways publish them from the topic.",
    registers: [telemetry.registry],
  });
  const queue = createPublishQueue({
    publisher: realtime.publisher,
    maxEntries: config.realtimeMaxQueuedEntries,
    onDropped(count, error) {
      left.inc(count);
      log.debug({ error, count }, "entries are left to the gateways to publish");
    },
  });
  telemetry.gauge(
    "maru_realtime_queued_entries",
    "Stored entries that wait to be told through Redis.",
    () => queue.size,
  );
  const late = (registering: Promise<void>) => void registering.catch(() => undefined); // it is done when Redis is back
  return {
    presences: realtime.sessions,
    inbox: realtime.inboxes,
    checks: [{ name: "redis", check: () => realtime.trouble }],
    stored: (entry) => queue.add(entry),
    readMoved: (marker) => realtime.publisher.publishReadMarker(marker),
    followed: (roomId) => late(realtime.followedRooms.add(roomId)),
    left: (roomId) => late(realtime.followedRooms.remove(roomId)),
    async [Symbol.asyncDispose]() {
      await queue.settle();
      await realtime[Symbol.asyncDispose]();
    },
  };
}
