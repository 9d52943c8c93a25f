import { setTimeout as sleep } from "node:timers/promises";
import type { ReadinessCheck } from "../api/readiness.ts";
import type { Config } from "../config.ts";
import type { Clock } from "../domain/clock.ts";
import type { Store } from "../domain/store.ts";
import type { Log } from "../log.ts";
import { createTableStream } from "../relay/table-stream.ts";
import { type Relay, startRelay } from "../relay/worker.ts";
import { createStreamsClient, type TableClient } from "../store/client.ts";
import { createLeases } from "../store/control.ts";
import { createRepairs } from "../store/repairs.ts";
import { toChange } from "../store/to-change.ts";
import type { Telemetry } from "../telemetry.ts";
import { tableClientOptions } from "./connections.ts";
import { openRelaySink } from "./relay-sink.ts";

const retryMs = 1_000;

export interface RelayRole extends AsyncDisposable {
  readonly readiness: ReadinessCheck;
  drain(): Promise<void>;
}

export interface RelayRoleDeps {
  readonly config: Config;
  readonly client: TableClient;
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  readonly telemetry: Telemetry;
}

/** Relays as soon as a broker answers. A server starts without Kafka, so that sending does not hang on it. */
export function startRelayRole(deps: RelayRoleDeps): RelayRole {
  const stop = new AbortController();
  const stopped = new Promise((resolve) => stop.signal.addEventListener("abort", resolve, { once: true }));
  let relay: Relay | undefined;
  let trouble = "the brokers were not reached yet";
  const ended = run();

  async function run(): Promise<void> {
    const streams = createStreamsClient(tableClientOptions(deps.config));
    await using opened = await connect();
    if (opened === undefined) return streams.destroy();
    relay = startRelay({ ...relayOptions(deps), stream: tableStream(deps, streams), sink: opened.sink });
    await stopped;
    await relay.drain();
    streams.destroy();
  }

  async function connect() {
    const { config, log } = deps;
    while (!stop.signal.aborted) {
      try {
        return await openRelaySink(config, log);
      } catch (error) {
        trouble = error instanceof Error ? error.message : String(error);
        log.error({ error }, "the relay cannot reach a broker");
        await sleep(retryMs);
      }
    }
    return undefined;
  }

  const drain = async () => {
    stop.abort();
    await ended;
  };
  return {
    readiness: {
      name: "relay",
      check() {
        if (relay === undefined) throw new Error(trouble);
        const state = relay.ready();
        if (!state.ready) throw new Error(state.why);
        return state.note;
      },
    },
    drain,
    [Symbol.asyncDispose]: drain,
  };
}

function relayOptions({ config, client, store, clock, log, telemetry }: RelayRoleDeps) {
  return {
    store,
    clock,
    log,
    registry: telemetry.registry,
    leases: createLeases({ client, tableName: config.controlTable }),
    repairs: createRepairs({ client, tableName: config.controlTable, roomTable: config.table }),
    repairRoomsPerSecond: config.relayRepairRoomsPerSecond,
    deadLetterTopic: config.kafkaRelayDeadLettersTopic,
    topics: { roomEvents: config.kafkaTopic, readMarkers: config.kafkaReadMarkersTopic },
    source: "maru",
    leaseTtlMs: config.relayLeaseMs,
    pollMs: config.relayPollMs,
  };
}

function tableStream({ config, client }: RelayRoleDeps, streams: ReturnType<typeof createStreamsClient>) {
  return createTableStream({ client, streams, tableName: config.table, toChange });
}
