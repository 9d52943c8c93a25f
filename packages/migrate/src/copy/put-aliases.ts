import type { Rejected } from "../room-log/source-rows.ts";
import type { Target } from "../target/connect-target.ts";
import { putAlias } from "../target/room-items.ts";

/** Aliases of direct rooms, put beside the batches: each has a condition, which batches cannot have. */
export interface Aliases {
  add(aliasId: string, roomId: string): void;
  /** When all are put: those in whose place another room was. Rejects with what the first failed with. */
  refused(): Promise<readonly Rejected[]>;
}

export function putAliases(target: Target): Aliases {
  const puts: Promise<Rejected | undefined>[] = [];
  return {
    add(aliasId, roomId) {
      const put = putAlias(target, aliasId, roomId).then((isPut): Rejected | undefined => {
        const detail = `copied, and found by its id ${roomId} alone: FindOrCreateDirect finds another room`;
        return isPut ? undefined : { table: "rooms", id: roomId, roomId, reason: "alias_taken", detail };
      });
      put.catch(() => undefined);
      puts.push(put);
    },
    refused: async () => (await Promise.all(puts)).filter((one) => one !== undefined),
  };
}
