import type { Rejected } from "../room-log/source-rows.ts";
import type { Target } from "../target/connect-target.ts";
import { type Alias, insertAliases, maxAliases } from "../target/room-items.ts";

/** Aliases of direct rooms, put beside the batches: each has a condition, which batches cannot have. */
export interface Aliases {
  add(aliasId: string, roomId: string): Promise<void>;
  /** When all are put: those in whose place another room was. */
  refused(): Promise<readonly Rejected[]>;
}

export function putAliases(target: Target): Aliases {
  const refused: Alias[] = [];
  let waiting: Alias[] = [];
  async function flush(): Promise<void> {
    const aliases = waiting;
    waiting = [];
    if (aliases.length > 0) refused.push(...(await insertAliases(target, aliases)));
  }
  return {
    async add(aliasId, roomId) {
      waiting.push({ aliasId, roomId });
      if (waiting.length === maxAliases) await flush();
    },
    async refused() {
      await flush();
      return refused.map(({ roomId }) => {
        const detail = `copied, and found by its id ${roomId} alone: FindOrCreateDirect finds another room`;
        return { table: "rooms", id: roomId, roomId, reason: "alias_taken", detail };
      });
    },
  };
}
