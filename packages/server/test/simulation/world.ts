import { createMemoryBroker, type HostedBroker } from "../../../testing/src/create-memory-broker.ts";
import type { Repairs } from "../../src/domain/repair.ts";
import type { Store } from "../../src/domain/store.ts";
import type { Leases } from "../../src/store/control.ts";
import { createMemoryStore } from "../../src/store/memory.ts";
import type { Dice } from "../model/dice.ts";
import { createHistory, type History } from "./history.ts";
import { createMemoryLeases } from "./memory-leases.ts";
import { createMemoryRepairs } from "./memory-repairs.ts";
import { createNetwork, type Network } from "./network.ts";
import { noTwist, type Twist } from "./planted-faults.ts";
import { createMemoryStream, type MemoryStream } from "./table-stream.ts";
import type { VirtualProcess, VirtualTime } from "./virtual-time.ts";
import type { Weather } from "./weather.ts";

/** Everything that one run shares. */
export interface World {
  readonly dice: Dice;
  readonly time: VirtualTime;
  readonly weather: Weather;
  readonly history: History;
  readonly network: Network;
  /** The engines themselves, over no network. */
  readonly store: Store;
  readonly stream: MemoryStream;
  readonly leases: Leases;
  readonly repairs: Repairs;
  readonly hosted: HostedBroker;
  readonly twist: Twist;
  /** Faults are over: what is left to do must succeed. */
  isCalm: boolean;
}

export const topics = { roomEvents: "room-events", readMarkers: "read-markers", deadLetters: "relay-dead-letters" };
export const group = "sim";

export interface WorldOptions {
  readonly dice: Dice;
  readonly time: VirtualTime;
  readonly weather: Weather;
  readonly twist?: Twist;
}

export async function createWorld({ dice, time, weather, twist = noTwist }: WorldOptions): Promise<World> {
  const history = createHistory(time);
  const shared = { dice, time, weather, history, twist, isCalm: false } as const;
  const world = { ...shared } as { -readonly [Name in keyof World]: World[Name] };
  world.network = createNetwork(world);
  world.stream = twist.stream(createMemoryStream(world));
  world.store = createMemoryStore({ nowMs: time.nowMs, onChange: (change) => world.stream.append(change) });
  world.leases = twist.leases(createMemoryLeases((text) => history.violations.push(text)));
  world.repairs = createMemoryRepairs();
  world.hosted = createMemoryBroker({
    maxTopicBytes: Number.MAX_SAFE_INTEGER,
    nowMs: time.nowMs,
    weather: brokerWeather(world),
  });
  for (const topic of Object.values(topics))
    await world.hosted.broker.ensureTopic({ topic, partitionCount: weather.partitionCount, replicationFactor: 1 });
  return world;
}

function brokerWeather(world: World) {
  const { network, time, weather } = world;
  // The coordinator of the group does not die with one of its members.
  const coordinator: VirtualProcess = { name: "coordinator", state: "running" };
  const away = () => new Error("the broker does not answer");
  return {
    loses: () => network.strikes(weather.loseRequest),
    async before(request: string) {
      await (request === "join" ? time.within(coordinator, network.pause) : network.pause());
      if (request === "produce" && network.strikes(weather.loseRequest)) throw away();
    },
    async after(request: string) {
      await network.pause();
      if ((request === "produce" || request === "commit") && network.strikes(weather.loseAnswer)) throw away();
    },
  };
}
