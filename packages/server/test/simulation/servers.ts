import type { Call } from "../../src/domain/call.ts";
import { type Domain, defaultDomainLimits } from "../../src/domain/domain.ts";
import { createLog, defaultLogLimits } from "../../src/domain/log/log.ts";
import { anyKind } from "../../src/domain/rooms/room-kind.ts";
import { noCardTypes } from "../cards/no-card-types.ts";
import { uuidv7 } from "../model/uuidv7.ts";
import { overNetwork } from "./network.ts";
import type { VirtualProcess } from "./virtual-time.ts";
import type { World } from "./world.ts";

/** One life of a server. */
export interface Server {
  readonly process: VirtualProcess;
  readonly domain: Domain;
}

export interface Servers {
  /** Asks one of them, over the network. An answer of one that died never comes. */
  call<Result>(work: (domain: Domain) => Promise<Result>): Promise<Result>;
  /** One of them dies, with all that it was doing, and another takes its place. */
  kill(): void;
}

const answerLimitMs = 600;
const clockOffMs = 200;

export function startServers(world: World): Servers {
  const { dice, weather, time, store, network } = world;
  let lives = 0;
  const servers = Array.from({ length: weather.serverCount }, start);

  function start(): Server {
    const process: VirtualProcess = { name: `server-${++lives}`, state: "running" };
    const offMs = dice.int(-clockOffMs, clockOffMs);
    const nowMs = () => time.nowMs() + offMs;
    const faulty = overNetwork(store, network);
    const log = createLog({
      store: faulty,
      clock: { nowMs },
      random: dice.next,
      sleep: time.sleep,
      newKey: () => uuidv7(dice, nowMs()),
      limits: defaultLogLimits,
    });
    const domain = { store: faulty, log, limits: defaultDomainLimits, kinds: anyKind, cards: noCardTypes };
    return { process, domain };
  }

  return {
    async call(work) {
      const server = dice.pick(servers);
      await network.pause();
      const answer = time.within(server.process, () => work(server.domain));
      answer.catch(() => {});
      const late = time.sleep(answerLimitMs).then(() => {
        throw new Error(`${server.process.name} did not answer`);
      });
      late.catch(() => {});
      const result = await Promise.race([answer, late]);
      await network.pause();
      if (network.strikes(weather.loseAnswer)) throw new Error("the server's answer was lost");
      return result;
    },
    kill() {
      const slot = dice.int(0, servers.length - 1);
      const server = servers[slot];
      if (server === undefined) return;
      world.history.note(`${server.process.name} dies`);
      server.process.state = "dead";
      servers[slot] = start();
    },
  };
}

export const call: Call = { caller: "sim", method: { name: "sim" }, signal: new AbortController().signal };
