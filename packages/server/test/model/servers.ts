import type { Call } from "../../src/domain/call.ts";
import { type Domain, defaultDomainLimits } from "../../src/domain/domain.ts";
import { anyKind } from "../../src/domain/rooms/room-kind.ts";
import type { Store } from "../../src/domain/store.ts";
import { noCardTypes } from "../cards/no-card-types.ts";
import type { DomainModule } from "./domain-module.ts";
import { createFaultyStore } from "./faulty-store.ts";
import { uuidv7 } from "./uuidv7.ts";
import type { World } from "./world.ts";

/** One life of a server: its own cache, clock and way to the table. */
export interface Server {
  readonly name: string;
  readonly domain: Domain;
  readonly nowMs: () => number;
}

export interface Servers {
  /** The one that a call goes to. */
  choose(): Server;
  /** One of them loses all that it knows. Calls that it is serving go on, as those of a server that is cut off do. */
  restart(): void;
}

export function startServers(world: World, module: DomainModule, store: Store): Servers {
  const { dice, weather } = world;
  let lives = 0;
  const start = (slot: number): Server => {
    const offsetMs = dice.int(-weather.offsetMaxMs, weather.offsetMaxMs);
    const nowMs = () => world.nowMs() + offsetMs;
    const faulty = createFaultyStore(store, world);
    const log = module.createLog({
      store: faulty,
      clock: { nowMs },
      random: dice.next,
      sleep: () => world.scheduler.pause(),
      newKey: () => uuidv7(dice, nowMs()),
      limits: module.defaultLogLimits,
    });
    const domain = {
      store: faulty,
      log,
      limits: { ...defaultDomainLimits, maxTextBytes: 1_000 },
      kinds: anyKind,
      cards: noCardTypes,
    };
    return { name: `server ${slot}, life ${++lives}`, domain, nowMs };
  };
  const servers = Array.from({ length: weather.serverCount }, (_, slot) => start(slot));
  return {
    choose: () => (dice.chance(weather.affinity) ? (servers[0] as Server) : dice.pick(servers)),
    restart() {
      const slot = dice.int(0, servers.length - 1);
      servers[slot] = start(slot);
    },
  };
}

export const call: Call = { caller: "tests", method: { name: "tests" }, signal: new AbortController().signal };
