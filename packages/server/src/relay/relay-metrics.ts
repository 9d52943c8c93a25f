import { Counter, Gauge, type Registry } from "prom-client";

export interface ShardView {
  lagMs(): number;
  isBlocked(): boolean;
  isStalled(): boolean;
}

export interface RelayMetrics {
  /** The shards that this worker reads; the gauges ask them. */
  readonly shards: Map<string, ShardView>;
  /** Shards that nobody can read on. */
  readonly missedShards: Set<string>;
  readonly records: Counter;
  readonly events: Counter;
  readonly repeats: Counter;
  readonly healed: Counter;
  readonly ignored: Counter<"why">;
  readonly retries: Counter;
}

export function createRelayMetrics(registry: Registry): RelayMetrics {
  const registers = [registry];
  const counter = (name: string, help: string) => new Counter({ name, help, registers });
  const shards = new Map<string, ShardView>();
  const missedShards = new Set<string>();
  new Gauge({
    name: "maru_relay_lag_seconds",
    help: "Age of the oldest record that was read and that the broker has not acknowledged, by shard; 0 if none.",
    labelNames: ["shard"],
    registers,
    collect() {
      this.reset();
      for (const [shard, view] of shards) this.set({ shard }, view.lagMs() / 1000);
    },
  });
  new Gauge({
    name: "maru_relay_shards_held",
    help: "Shards that this worker reads.",
    registers,
    collect() {
      this.set(shards.size);
    },
  });
  new Gauge({
    name: "maru_relay_blocked_shards",
    help: "Shards that stand still because going on would skip something. Above 0, somebody must act.",
    registers,
    collect() {
      this.set(missedShards.size + [...shards.values()].filter((view) => view.isBlocked()).length);
    },
  });
  new Gauge({
    name: "maru_relay_stalled_shards",
    help: "Shards that hang: nothing was read or acknowledged for too long, and nothing failed. Above 0, somebody must look.",
    registers,
    collect() {
      this.set([...shards.values()].filter((view) => view.isStalled()).length);
    },
  });
  return {
    shards,
    missedShards,
    records: counter("maru_relay_records_total", "Records that were read from the table's stream."),
    events: counter("maru_relay_events_total", "Events that all in-sync replicas have acknowledged."),
    repeats: counter("maru_relay_repeats_total", "Entries that were not emitted because they had been before."),
    healed: counter("maru_relay_healed_total", "Entries that were read from the table because the stream lacked them."),
    ignored: new Counter({
      name: "maru_relay_ignored_total",
      help: "Records that make no event, by why.",
      labelNames: ["why"],
      registers,
    }),
    retries: counter("maru_relay_retries_total", "Failed attempts to read, send or checkpoint that were repeated."),
  };
}
