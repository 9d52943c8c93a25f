import type { PositionStore } from "@maru/client/events";
import type { Effect } from "./history.ts";
import type { World } from "./world.ts";

/** What a handler writes through the transaction. */
export interface Effects {
  write(effect: Effect): void;
}

/** A database that keeps positions and effects together, over a network. */
export function createMemoryPositions(world: World): PositionStore<Effects> {
  const { network, history, twist } = world;
  const positions = new Map<string, number>();
  const ensured = new WeakMap<Effects, string[]>();
  return {
    ensure: (tx, { roomId }) => void ensured.get(tx)?.push(roomId),
    load: (_group, roomId) => network.ask(() => positions.get(roomId)),
    async process({ roomId, seq }, work) {
      const before = await network.ask(() => positions.get(roomId));
      if (before !== undefined && seq <= before && !twist.ignorePositions) return "repeat";
      const effects: Effect[] = [];
      const tx: Effects = { write: (effect) => void effects.push(effect) };
      const names: string[] = [];
      ensured.set(tx, names);
      await work(tx);
      return network.ask(() => {
        if (positions.get(roomId) !== before) {
          if ((positions.get(roomId) ?? 0) >= seq) return "repeat";
          throw new Error("the position was changed by somebody else");
        }
        positions.set(roomId, seq);
        for (const name of names) positions.set(name, positions.get(name) ?? 0);
        history.effects.push(...effects);
        return "processed";
      });
    },
  };
}
