import { positionStoreContract } from "../../client/test/position-store-contract.ts";
import { type CommitFault, type MemoryTx, memoryPositions } from "../src/index.ts";

positionStoreContract<MemoryTx>("positions in memory keep the contract", async () => {
  const journal: string[] = [];
  const planned: CommitFault[] = [];
  const stored = memoryPositions({ onCommit: () => planned.shift() });
  return {
    open(fault) {
      if (fault) planned.push(fault);
      return stored;
    },
    append: (tx, roomId, line) => tx.add(() => journal.push(`${roomId} ${line}`)),
    journal: async (roomId) => journal.filter((one) => one.startsWith(roomId)).map((one) => one.split(" ")[1] ?? ""),
  };
});
