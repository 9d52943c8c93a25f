import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { toMaruError } from "@maru/client";
import {
  type AnyEvent,
  type ConsumerWarning,
  type EntrySource,
  type RoomConsumer,
  subscribe,
} from "@maru/client/events";
import type { Broker } from "@maru/kafka";
import { ListEntriesRequestSchema } from "@maru/protocol";
import { toConnectError } from "../../src/api/error-details.ts";
import { listEntries } from "../../src/domain/events/list-entries.ts";
import { MaruError } from "../../src/errors.ts";
import { createMemoryPositions, type Effects } from "./memory-positions.ts";
import type { Servers } from "./servers.ts";
import type { VirtualProcess } from "./virtual-time.ts";
import { group, topics, type World } from "./world.ts";

interface RunningConsumer {
  readonly process: VirtualProcess;
  readonly broker: OwnBroker;
  readonly consumer: RoomConsumer;
}

/** The broker, as one consumer sees it, and which assignment it is in. */
interface OwnBroker extends Broker {
  readonly assignments: number;
  expel(): Promise<void>;
  readmit(): Promise<void>;
}

export interface Consumers {
  kill(): Promise<void>;
  /** One of them stands still, is expelled from its group, wakes up, and only later hears of it. */
  freeze(): Promise<void>;
  closeOne(): Promise<void>;
  rebalance(): Promise<void>;
  forgetOffsets(): Promise<void>;
  close(): Promise<void>;
}

export async function startConsumers(world: World, servers: Servers): Promise<Consumers> {
  const { dice, weather, time, history, hosted } = world;
  const positions = weather.positions ? createMemoryPositions(world) : undefined;
  const running = new Set<RunningConsumer>();
  const expelled = new Set<RunningConsumer>();
  let lives = 0;
  let isOver = false;
  await Promise.all(Array.from({ length: weather.consumerCount }, begin));

  /** Starts one, and again one when it ends by itself. */
  async function begin(): Promise<void> {
    if (isOver) return;
    const process: VirtualProcess = { name: `consumer-${++lives}`, state: "running" };
    const broker = ownBroker(world);
    const started = await time.within(process, () => start(process, broker));
    const one = { process, broker, consumer: started };
    running.add(one);
    one.consumer.done.then(
      () => {},
      (error: unknown) => {
        history.note(`${process.name} ends: ${error}`);
        history.count("consumers that ended by themselves");
        if (!(error instanceof Error && expectedEnds.has(error.name)))
          history.violations.push(`${process.name} ended: ${error instanceof Error ? error.stack : error}`);
        if (running.delete(one)) void time.sleep(dice.next() * 500).then(begin);
      },
    );
  }

  function start(process: VirtualProcess, broker: OwnBroker): Promise<RoomConsumer> {
    history.note("starts");
    const options = {
      brokers: broker,
      group,
      topic: topics.roomEvents,
      commitIntervalMs: weather.commitIntervalMs,
      maxInFlight: dice.pick([1, 2, 16]),
      onFailure: weather.onFailure,
      retry: { maxAttempts: dice.int(1, 4), firstBackoffMs: 20, maxBackoffMs: 200 },
      onWarning: ({ code, message }: ConsumerWarning) => history.note(`warns ${code}: ${message}`),
      ...(positions === undefined ? {} : { positions }),
    };
    return subscribe<Effects | undefined>(entrySource(servers), world.twist.subscribeOptions(options), {
      any: (event, { tx, redelivered }) =>
        handle(event, { by: `${process.name}/${broker.assignments}`, redelivered }, tx),
      gap(gap) {
        history.note(`gap ${gap.firstMissingSeq} to ${gap.lastMissingSeq} of ${gap.roomId}: ${gap.reason}`);
        history.gaps.push(gap);
      },
    });
  }

  async function handle(
    { roomId, seq }: AnyEvent,
    { by, redelivered }: { by: string; redelivered: boolean },
    tx: Effects | undefined,
  ): Promise<void> {
    await time.sleep(dice.next() * weather.handlerMs);
    const isPoison = !world.isCalm && weather.poison > 0 && isChosen(roomId, seq, weather.poison);
    if (isPoison || (!world.isCalm && dice.chance(weather.handlerFails))) {
      history.count("handlers that failed");
      throw new Error(isPoison ? "nobody can bear this" : "the handler has a bad day");
    }
    tx?.write({ roomId, seq, redelivered });
    history.note(`handles ${seq} of ${roomId}${redelivered ? ", which it had skipped" : ""}`);
    history.handled.push({ roomId, seq, by, redelivered });
  }

  function take(): RunningConsumer | undefined {
    const awake = [...running].filter((one) => !expelled.has(one));
    return awake.length === 0 ? undefined : dice.pick(awake);
  }

  return {
    async kill() {
      const victim = take();
      if (victim === undefined) return;
      history.note(`${victim.process.name} dies`);
      victim.process.state = "dead";
      running.delete(victim);
      await victim.broker.expel();
      await time.sleep(dice.next() * 500);
      await begin();
    },
    async freeze() {
      const victim = take();
      if (victim === undefined) return;
      history.note(`${victim.process.name} stands still`);
      expelled.add(victim);
      victim.process.state = "frozen";
      await victim.broker.expel();
      await time.sleep(dice.next() * 1_000);
      history.note(`${victim.process.name} wakes up`);
      time.thaw(victim.process);
      await time.sleep(dice.next() * 500);
      history.note(`${victim.process.name} hears that it was expelled`);
      expelled.delete(victim);
      await victim.broker.readmit();
    },
    async closeOne() {
      const victim = take();
      if (victim === undefined) return;
      running.delete(victim);
      history.note(`${victim.process.name} is closed`);
      await time.within(victim.process, () => victim.consumer.close());
      await begin();
    },
    rebalance: () => hosted.groupOf(group).rebalance(),
    // Brokers forget a group that nobody is in: whoever joins next begins anew.
    async forgetOffsets() {
      hosted.groupOf(group).forget();
      await hosted.groupOf(group).rebalance();
    },
    async close() {
      isOver = true;
      const all = [...running];
      running.clear();
      await Promise.all(all.map(({ process, consumer }) => time.within(process, () => consumer.close())));
    },
  };
}

const expectedEnds = new Set(["HandlerFailedError"]);

/** The same entries whoever asks. */
function isChosen(roomId: string, seq: number, share: number): boolean {
  const number = Number.parseInt(roomId.slice(0, 6), 16) + seq * 7919;
  return (number % 1_000) / 1_000 < share;
}

function ownBroker({ hosted, twist, history }: World): OwnBroker {
  const groupState = hosted.groupOf(group);
  let assignments = 0;
  let topicsOfMember: readonly string[] = [];
  // Each member's list of topics is its own, by which it is known again.
  const member = () => groupState.members.find((one) => one.topics === topicsOfMember);
  let expelled: ReturnType<typeof member>;
  return {
    ...hosted.broker,
    startConsumer(options) {
      const own = { ...options, topics: [...options.topics] };
      topicsOfMember = own.topics;
      return hosted.broker.startConsumer(
        twist.consumer({
          ...own,
          onAssigned(claims) {
            assignments++;
            history.note(`is assigned ${claims.map((claim) => `${claim.partition} from ${claim.startOffset}`)}`);
            return options.onAssigned?.(claims);
          },
        }),
      );
    },
    async startProducer(options) {
      const producer = await hosted.broker.startProducer(options);
      const send: typeof producer.send = async (topic, message) => {
        const stored = await producer.send(topic, message);
        const what = message.value === null ? `that is over, up to ${JSON.stringify(message.headers)}` : "a letter";
        history.note(`writes ${what} for ${message.key} to ${topic} at ${stored.offset}`);
        return stored;
      };
      return { ...producer, send };
    },
    get assignments() {
      return assignments;
    },
    async expel() {
      expelled = member();
      if (expelled !== undefined) await groupState.expel(expelled);
    },
    async readmit() {
      if (expelled !== undefined) await groupState.readmit(expelled);
    },
  };
}

function entrySource(servers: Servers): EntrySource {
  const ask = async (request: MessageInitShape<typeof ListEntriesRequestSchema>) => {
    try {
      return await servers.call((domain) => listEntries(domain, create(ListEntriesRequestSchema, request)));
    } catch (error) {
      throw toMaruError(error instanceof MaruError ? toConnectError(error, "sim") : error);
    }
  };
  return { events: { listEntries: ask } } as unknown as EntrySource;
}
