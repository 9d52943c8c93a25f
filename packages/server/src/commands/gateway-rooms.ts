import { setTimeout as sleep } from "node:timers/promises";
import type { Maru } from "@maru/client";
import { kafkaBroker } from "@maru/kafka";
import { Counter } from "prom-client";
import type { Config } from "../config.ts";
import { openRealtime } from "../context/open-realtime.ts";
import type { Clock } from "../domain/clock.ts";
import { createRooms } from "../gateway/create-rooms.ts";
import { type RepublishDeps, startRepublishing } from "../gateway/republish.ts";
import { createRoomSource, listMemberIds } from "../gateway/room-source.ts";
import type { Rooms } from "../gateway/rooms.ts";
import type { Log } from "../log.ts";
import { createRoomMembers } from "../realtime/room-members.ts";
import type { Telemetry } from "../telemetry.ts";
import { kafkaConnection } from "./connections.ts";

export interface GatewayRoomsDeps {
  readonly config: Config;
  readonly log: Log;
  readonly telemetry: Telemetry;
  readonly clock: Clock;
}

const maxListedInRoom = 1_000;
const retryMs = 1_000;

/** The gateway's rooms, over Redis and the calls of its client; what servers left unpublished is published from the topic. */
export async function openGatewayRooms(deps: GatewayRoomsDeps, maru: Maru): Promise<Rooms> {
  const { config, log, clock } = deps;
  await using opening = new AsyncDisposableStack();
  const listening = createRooms();
  const roomMembers = createRoomMembers((roomId, limit) => firstMemberIds(maru, roomId, limit));
  const realtime = await openRealtime({ config, log, clock }, { listener: listening.listener, roomMembers });
  if (realtime === undefined) throw new Error("a gateway needs MARU_REDIS_NODES");
  opening.use(realtime);
  const rooms = opening.use(
    listening.open({
      source: createRoomSource(maru, realtime.tails, maxListedInRoom),
      realtime,
      clock,
      log,
      maxFollowedRooms: config.gatewayMaxFollowedRooms,
      maxResumeEntries: config.gatewayMaxResumeEntries,
      // The rest is for what happens meanwhile.
      maxResumeBytes: config.gatewayMaxBufferedBytes / 2,
      sleep: (ms) => sleep(ms),
    }),
  );
  const { publisher, tails } = realtime;
  opening.use(keepRepublishing({ maru, publisher, tails, log, ...topicOf(deps) }));
  const opened = opening.move();
  return Object.assign(rooms, { [Symbol.asyncDispose]: () => opened.disposeAsync() });
}

async function firstMemberIds(maru: Maru, roomId: string, limit: number): Promise<string[]> {
  const ids: string[] = [];
  for await (const userId of listMemberIds(maru, roomId)) {
    ids.push(userId);
    if (ids.length >= limit) break;
  }
  return ids;
}

function topicOf({ config, telemetry }: GatewayRoomsDeps): Pick<RepublishDeps, "topic" | "onRepublished"> {
  const republished = new Counter({
    name: "maru_gateway_republished_total",
    help: "Entries that a server had stored and not published, and that were published from the topic.",
    registers: [telemetry.registry],
  });
  return {
    topic: { brokers: kafkaBroker(kafkaConnection(config)), topic: config.kafkaTopic, group: config.gatewayGroup },
    onRepublished: () => republished.inc(),
  };
}

/** The brokers may be away: the shortcut works without them. */
function keepRepublishing(deps: RepublishDeps): AsyncDisposable {
  const stop = new AbortController();
  const stopped = new Promise<void>((resolve) =>
    stop.signal.addEventListener("abort", () => resolve(), { once: true }),
  );
  const pause = () => sleep(retryMs, undefined, { signal: stop.signal }).catch(() => undefined);
  const run = async () => {
    while (!stop.signal.aborted) {
      try {
        await using consumer = await startRepublishing(deps);
        await Promise.race([consumer.done, stopped]);
      } catch (error) {
        deps.log.error({ error }, "what servers did not come to publish is late: the gateways' consumer does not run");
        await pause();
      }
    }
  };
  const running = run();
  return {
    async [Symbol.asyncDispose]() {
      stop.abort();
      await running;
    },
  };
}
