import { Counter, Gauge, type Registry } from "prom-client";

export interface ShardView {
  lagMs(): number;
  lagRecords(): number;
  isBlocked(): boolean;
  isStalled(): boolean;
}

/** How far the repair of what was missed is; the same at all relays. */
export interface RepairView {
  running(): { readonly ratio: number; readonly roomsDone: number } | undefined;
  isBlocked(): boolean;
}

export interface RelayMetrics {
  /** The shards that this worker reads; the gauges ask them. */
  readonly shards: Map<string, ShardView>;
  /** The gauges ask it; set by whoever knows of the repair. */
  repair: RepairView;
  readonly records: Counter;
  readonly events: Counter;
  readonly repeats: Counter;
  readonly healed: Counter;
  readonly dead: Counter<"why">;
  readonly ignored: Counter<"why">;
  readonly retries: Counter;
}

export function createRelayMetrics(registry: Registry): RelayMetrics {
  const registers = [registry];
  const counter = (name: string, help: string) => new Counter({ name, help, registers });
  const shards = new Map<string, ShardView>();
  const repairing: { repair: RepairView } = { repair: { running: () => undefined, isBlocked: () => false } };
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
    name: "maru_relay_lag_records",
    help: "Records that were read and that the broker has not acknowledged, by shard.",
    labelNames: ["shard"],
    registers,
    collect() {
      this.reset();
      for (const [shard, view] of shards) this.set({ shard }, view.lagRecords());
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
    help: "Shards, and repairs, that stand still because going on would skip something. Above 0, somebody must act.",
    registers,
    collect() {
      const blocked = [...shards.values(), repairing.repair].filter((view) => view.isBlocked());
      this.set(blocked.length);
    },
  });
  new Gauge({
    name: "maru_relay_repair_running",
    help: "1 while what the stream lost is handed on again from the table; the same at all relays.",
    registers,
    collect() {
      this.set(repairing.repair.running() === undefined ? 0 : 1);
    },
  });
  new Gauge({
    name: "maru_relay_repair_ratio",
    help: "How much of the rooms the repair has walked, from 0 to 1; 1 when none runs.",
    registers,
    collect() {
      this.set(repairing.repair.running()?.ratio ?? 1);
    },
  });
  new Gauge({
    name: "maru_relay_repair_rooms",
    help: "Rooms that the repair has walked.",
    registers,
    collect() {
      this.set(repairing.repair.running()?.roomsDone ?? 0);
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
    get repair() {
      return repairing.repair;
    },
    set repair(view) {
      repairing.repair = view;
    },
    records: counter("maru_relay_records_total", "Records that were read from the table's stream."),
    events: counter("maru_relay_events_total", "Events that all in-sync replicas have acknowledged."),
    repeats: counter("maru_relay_repeats_total", "Entries that were not emitted because they had been before."),
    healed: counter(
      "maru_relay_healed_total",
      "Entries that were read from the table because the stream lacked them, repairs included.",
    ),
    dead: new Counter({
      name: "maru_relay_dead_total",
      help: "What could not be read, was put aside as a dead letter and told as a gap, by why. Above 0, somebody must look.",
      labelNames: ["why"],
      registers,
    }),
    ignored: new Counter({
      name: "maru_relay_ignored_total",
      help: "Records that make no event, by why.",
      labelNames: ["why"],
      registers,
    }),
    retries: counter("maru_relay_retries_total", "Failed attempts to read, send or checkpoint that were repeated."),
  };
}
