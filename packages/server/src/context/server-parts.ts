import type { ReadinessCheck } from "../api/readiness.ts";
import type { Config } from "../config.ts";
import type { JobStore } from "../domain/admin/job.ts";
import type { TopicView } from "../domain/admin/topic-view.ts";
import type { CardTypeStore } from "../domain/cards/card-type-store.ts";
import type { Clock } from "../domain/clock.ts";
import type { Store } from "../domain/store.ts";
import type { CanaryLease } from "../jobs/canary.ts";
import type { Log } from "../log.ts";
import type { NodeListener, Realtime, RoomMembers } from "../realtime/realtime.ts";
import type { Telemetry } from "../telemetry.ts";

export interface RealtimeUse {
  /** Told of what other nodes push to this process. */
  readonly listener: NodeListener;
  readonly roomMembers: RoomMembers;
}

/** What a server is made of besides its stores: the parts that the command line and the test kit wire alike. */
export interface ServerParts {
  readonly config: Config;
  readonly log: Log;
  readonly telemetry: Telemetry;
  readonly clock: Clock;
  readonly store: Store;
  readonly jobs: JobStore;
  readonly cardTypes: CardTypeStore;
  readonly checks: readonly ReadinessCheck[];
  /** Undefined where no brokers are configured. */
  readonly topic?: TopicView;
  /** Makes this process a node that hears of others and tells them. Undefined, or resolves with it, where Redis is not configured. */
  readonly openNode?: (use: RealtimeUse) => Promise<Realtime | undefined>;
  /** Undefined where no canary flies. */
  readonly canaryLease?: CanaryLease;
}
