import type { RoomProducer } from "@maru/kafka";
import { Registry } from "prom-client";
import type { Log } from "../../src/log.ts";
import type { EventSink } from "../../src/relay/event-sink.ts";
import { createKafkaSink } from "../../src/relay/kafka-sink.ts";
import { type Relay, startRelay } from "../../src/relay/worker.ts";
import { overNetwork } from "./network.ts";
import type { VirtualProcess } from "./virtual-time.ts";
import { topics, type World } from "./world.ts";

interface RunningRelay {
  readonly process: VirtualProcess;
  readonly relay: Relay;
  readonly producer: RoomProducer;
}

export interface Relays {
  /** One of them dies, and another comes after a while. */
  kill(): Promise<void>;
  /** One of them stands still for longer than its leases last, and wakes up. */
  freeze(): Promise<void>;
  /** One of them ends as it should, and another comes. */
  drain(): Promise<void>;
  close(): Promise<void>;
}

const leaseTtlMs = 1_000;
const clockOffMs = 300;

export async function startRelays(world: World): Promise<Relays> {
  const { dice, weather, time, history } = world;
  let lives = 0;
  const running = new Set<RunningRelay>();
  for (let count = 0; count < weather.relayCount; count++) running.add(await start());

  function start(): Promise<RunningRelay> {
    const process: VirtualProcess = { name: `relay-${++lives}`, state: "running" };
    return time.within(process, async () => {
      history.note("starts");
      const { network } = world;
      const producer = await world.hosted.broker.startProducer();
      const offMs = dice.int(-clockOffMs, clockOffMs);
      const relay = startRelay({
        registry: new Registry(),
        stream: world.stream,
        store: overNetwork(world.store, network),
        leases: overNetwork(world.leases, network),
        repairs: overNetwork(world.repairs, network),
        sink: world.twist.sink(lossySink(createKafkaSink(producer), world), world),
        clock: { nowMs: () => time.nowMs() + offMs },
        log: historyLog(world),
        topics,
        deadLetterTopic: topics.deadLetters,
        source: "sim",
        owner: process.name,
        leaseTtlMs,
        pollMs: 300,
        checkpointEveryMs: dice.pick([0, 200, 1_000]),
        retryBlockedMs: 500,
        maxBatchBytes: dice.pick([1, 500, 1_000_000]),
        maxRooms: 100,
        repairDelayMs: 300,
        repairRoomsPerSecond: 1_000_000,
        drainTimeoutMs: 5_000,
      });
      return { process, relay, producer };
    });
  }

  function take(): RunningRelay | undefined {
    const awake = [...running].filter(({ process }) => process.state === "running");
    return awake.length === 0 ? undefined : dice.pick(awake);
  }

  return {
    async kill() {
      const victim = take();
      if (victim === undefined) return;
      history.note(`${victim.process.name} dies`);
      victim.process.state = "dead";
      running.delete(victim);
      await time.sleep(dice.next() * 500);
      running.add(await start());
    },
    async freeze() {
      const victim = take();
      if (victim === undefined) return;
      history.note(`${victim.process.name} stands still`);
      victim.process.state = "frozen";
      await time.sleep(dice.next() * 2.5 * leaseTtlMs);
      history.note(`${victim.process.name} wakes up`);
      time.thaw(victim.process);
    },
    async drain() {
      const victim = take();
      if (victim === undefined) return;
      running.delete(victim);
      history.note(`${victim.process.name} is drained`);
      // It may not be able to give up what it holds: that expires.
      await time.within(victim.process, () => victim.relay.drain()).catch((error: unknown) => history.note(`${error}`));
      running.add(await start());
    },
    async close() {
      await Promise.all([...running].map(({ process, relay }) => time.within(process, () => relay.close())));
    },
  };
}

/** As an agent between relay and Kafka may do it: the acknowledgement comes, and the event does not. */
function lossySink(sink: EventSink, { network, weather, history }: World): EventSink {
  if (weather.hole === 0) return sink;
  return {
    async send(events) {
      const kept = events.filter(() => !network.strikes(weather.hole));
      if (kept.length < events.length) history.note(`the agent loses ${events.length - kept.length} events`);
      if (kept.length > 0) await sink.send(kept);
    },
  };
}

/** What relays say of trouble is in the history of the run. */
function historyLog({ history }: World): Log {
  const ignore = () => {};
  const tell = (facts: { error?: unknown }, text: string) => history.note(`${text}: ${facts.error ?? ""}`);
  const log = { info: ignore, debug: ignore, warn: tell, error: tell, child: () => log };
  return log as unknown as Log;
}
