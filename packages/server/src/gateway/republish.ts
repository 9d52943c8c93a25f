import { setTimeout as sleep } from "node:timers/promises";
import type { Maru } from "@maru/client";
import { type RoomConsumer, type SubscribeOptions, subscribe } from "@maru/client/events";
import type { Entry } from "@maru/protocol";
import type { Log } from "../log.ts";
import type { Publisher, Tails } from "../realtime/realtime.ts";

export interface RepublishDeps {
  readonly maru: Pick<Maru, "events">;
  readonly publisher: Pick<Publisher, "publishEntries" | "raiseAdded">;
  readonly tails: Tails;
  readonly log: Log;
  /** Brokers, topic and group: all gateways share one, so that each entry is looked at once. */
  readonly topic: Pick<SubscribeOptions, "brokers" | "topic" | "group"> & Partial<SubscribeOptions>;
  /** Told of each entry that nobody had published. */
  readonly onRepublished: () => void;
}

const retryMinMs = 100;
const retryMaxMs = 5_000;

/**
 * Publishes what a server stored and did not come to publish. The topic has every entry; the room's tail in Redis says which was
 * published. Nothing is passed over: while Redis is away the group stands, and goes on where it stood.
 */
export function startRepublishing(deps: RepublishDeps): Promise<RoomConsumer> {
  return subscribe(
    deps.maru,
    {
      // What was stored before the first gateway ran, nobody waits for.
      fromBeginning: false,
      // A handler ends only when it is done, so that there is nothing to park.
      onFailure: "stop",
      onOffsetLost: "heal",
      onWarning: (warning) => deps.log.warn({ warning }, "the gateways' consumer got over something"),
      ...deps.topic,
    },
    { any: ({ entry }, { signal }) => publishUnlessDone(deps, entry, signal) },
  );
}

async function publishUnlessDone(deps: RepublishDeps, entry: Entry, signal: AbortSignal): Promise<void> {
  const { log } = deps;
  for (let failures = 0; !signal.aborted; failures++) {
    try {
      if (await publishIfMissing(deps, entry)) deps.onRepublished();
      return;
    } catch (error) {
      const { roomId, seq } = entry;
      log[failures < 2 ? "debug" : "warn"]({ error, roomId, seq }, "an entry cannot be published yet");
      const pauseMs = Math.min(retryMaxMs, retryMinMs * 2 ** failures);
      await sleep(pauseMs, undefined, { signal }).catch(() => undefined);
    }
  }
  throw signal.reason;
}

/** Whether nobody had published it, nor a later entry of the room: whoever hears of that one fetches this one. */
export async function publishIfMissing(
  { publisher, tails }: Pick<RepublishDeps, "publisher" | "tails">,
  entry: Entry,
): Promise<boolean> {
  const isMissing = ((await tails.readSeq(entry.roomId)) ?? 0) < entry.seq;
  await (isMissing ? publisher.publishEntries([entry]) : publisher.raiseAdded(entry));
  return isMissing;
}
