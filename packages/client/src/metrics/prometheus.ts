import { Counter, Gauge, Histogram, type Registry, register } from "prom-client";
import { eventAges } from "../events/event-ages.ts";
import type { ConsumerLag } from "../events/lag.ts";
import type { ConsumerMeter, ConsumerMetrics, WatchedConsumer } from "../events/metrics.ts";

const HANDLER_BUCKETS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
const AGE_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 3600];

/**
 * Metrics of consumers in Prometheus' format, over `prom-client`; the names are in the package's README. Make one for a
 * registry, and give it to all consumers of the process. Lag is worked out when the metrics are read.
 *
 * @param registry @default the default one of prom-client
 * @throws Error of prom-client when the registry has these metrics already
 * @example
 * const metrics = prometheusMetrics();
 * await using consumer = await subscribe(maru, { brokers, group: "push", metrics }, { messageSent: push });
 * http.createServer(async (_, response) => response.end(await register.metrics())).listen(9464);
 */
export function prometheusMetrics(registry: Registry = register): ConsumerMetrics {
  const registers = [registry];
  const watched = new Set<WatchedConsumer>();
  const counter = <L extends string>(name: string, help: string, ...labels: L[]) =>
    new Counter({ name: `maru_consumer_${name}`, help, labelNames: ["group", ...labels], registers });
  const histogram = <L extends string>(name: string, help: string, buckets: number[], ...labels: L[]) =>
    new Histogram({ name: `maru_consumer_${name}`, help, buckets, labelNames: ["group", ...labels], registers });

  const events = counter(
    "events_total",
    "Deliveries of events by kind and outcome: handled, unhandled (no handler), failed.",
    "kind",
    "outcome",
  );
  const seconds = histogram("handler_seconds", "Time that handlers took, by kind.", HANDLER_BUCKETS, "kind");
  const ages = histogram("event_age_seconds", "Parts of an event's way from commit to handler.", AGE_BUCKETS, "stage");
  const lastHandled = new Gauge({
    name: "maru_consumer_last_done_timestamp_seconds",
    help: "When an event was last done, Unix time.",
    labelNames: ["group"],
    registers,
  });
  const retries = counter("retries_total", "Failed deliveries after which the event is handed over again.");
  const repeats = counter("repeats_total", "Events that were done already, came again and were dropped.");
  const healed = counter("healed_entries_total", "Entries that were missing in the topic and were fetched.");
  const gaps = counter("gap_entries_total", "Entries that cannot be had, by reason.", "reason");
  const parked = counter("parked_total", "Rooms that were parked.");
  const skipped = counter("skipped_total", "Events that were put among the dead letters.");
  const redriven = counter("redriven_total", "Parked rooms and skipped events that were done after a redrive.");
  const commits = counter("commits_total", "Commits that the brokers stored.");
  gaugeOf("partitions", "Partitions that this process holds.", ["topic"], ({ topic }, { partitions }) => [
    [{ topic }, partitions.length],
  ]);
  gaugeOf("in_flight", "Handlers that run now.", ["topic"], ({ topic, inFlightCount }) => [[{ topic }, inFlightCount]]);
  gaugeOf(
    "lag_events",
    "Events of a partition that are not done.",
    ["topic", "partition"],
    ({ topic }, { partitions }) =>
      partitions.map(({ partition, eventCount }) => [{ topic, partition: `${partition}` }, eventCount]),
  );
  gaugeOf(
    "lag_seconds",
    "How long the oldest event of a partition that is not done has been in Kafka.",
    ["topic", "partition"],
    ({ topic }, { partitions }) =>
      partitions.flatMap(({ partition, seconds: age }) =>
        age === undefined ? [] : [[{ topic, partition: `${partition}` }, age] as const],
      ),
  );

  /** A gauge that is worked out when it is read: what is no longer held is no longer told. */
  function gaugeOf<L extends string>(
    name: string,
    help: string,
    labels: readonly L[],
    values: (consumer: WatchedConsumer, lag: ConsumerLag) => readonly (readonly [Record<L, string>, number])[],
  ): void {
    new Gauge<string>({
      name: `maru_consumer_${name}`,
      help,
      labelNames: ["group", ...labels],
      registers,
      collect() {
        this.reset();
        for (const consumer of watched) {
          const group = consumer.group;
          for (const [of, value] of values(consumer, consumer.lag())) this.inc({ group, ...of }, value);
        }
      },
    });
  }

  return {
    watch(consumer): ConsumerMeter {
      const { group } = consumer;
      watched.add(consumer);
      const only = { group };
      for (const one of [retries, repeats, healed, parked, skipped, redriven, commits]) one.inc(only, 0);
      return {
        delivered({ event, ctx, outcome, seconds: took }) {
          events.inc({ group, kind: event.kind, outcome });
          if (outcome !== "failed") lastHandled.setToCurrentTime(only);
          if (ctx === undefined) return;
          seconds.observe({ group, kind: event.kind }, took);
          if (ctx.attempt > 1) return;
          for (const [stage, age] of eventAges(event, ctx)) ages.observe({ group, stage }, age);
        },
        retried: () => retries.inc(only),
        repeatDropped: () => repeats.inc(only),
        healed: (count) => healed.inc(only, count),
        gapTold: (reason, count) => gaps.inc({ group, reason }, count),
        parked: () => parked.inc(only),
        skipped: () => skipped.inc(only),
        redriven: () => redriven.inc(only),
        committed: () => commits.inc(only),
        closed: () => void watched.delete(consumer),
      };
    },
  };
}
