import type { Consumers } from "./consumers.ts";
import type { Operator } from "./operator.ts";
import type { Relays } from "./relays.ts";
import type { Servers } from "./servers.ts";
import type { Blow } from "./weather.ts";
import type { World } from "./world.ts";

export interface Victims {
  readonly servers: Servers;
  readonly relays: Relays;
  readonly consumers: Consumers;
  readonly operator: Operator;
}

const maxBlows = 30;

/** Strikes again and again, until the weather is calm; resolves when all that was struck is up again. */
export async function strike(world: World, { servers, relays, consumers, operator }: Victims): Promise<void> {
  const { dice, time, weather, history, stream, leases } = world;
  const acts: Record<Blow, () => Promise<void> | void> = {
    rollShard() {
      history.note("a shard is rolled");
      stream.roll();
    },
    async trimShard() {
      const states = await leases.list((await stream.arn()) ?? "");
      history.note("a shard is trimmed");
      stream.trim(states.filter(({ checkpoint }) => checkpoint !== undefined).map(({ shardId }) => shardId));
    },
    killRelay: relays.kill,
    freezeRelay: relays.freeze,
    drainRelay: relays.drain,
    killConsumer: consumers.kill,
    freezeConsumer: consumers.freeze,
    closeConsumer: consumers.closeOne,
    async rebalance() {
      history.note("the group is shared out anew");
      await consumers.rebalance();
    },
    forgetOffsets() {
      history.note("the group forgets its offsets");
      return consumers.forgetOffsets();
    },
    redrive: operator.redrive,
    killServer: servers.kill,
  };
  if (weather.blowEveryMs === 0) return;
  const underWay = new Set<Promise<void>>();
  for (let blows = 0; blows < maxBlows; blows++) {
    await time.sleep(dice.next() * 2 * weather.blowEveryMs);
    if (world.isCalm) break;
    const blow = dice.weighted(weather.blows);
    history.count(blow);
    const struck = (async () => acts[blow]())();
    underWay.add(struck);
    struck.then(
      () => underWay.delete(struck),
      () => {},
    ); // told by the wait for all
  }
  await Promise.all(underWay);
}
