import type { CardTypeRecord, CardTypeStore } from "../domain/cards/card-type-store.ts";

/** Types of cards in memory, for tests: each operation waits for one turn of the microtask queue, then takes place at once. */
export function createMemoryCardTypes(): CardTypeStore {
  const held = new Map<string, CardTypeRecord>();
  const descriptorSets = new Map<string, Uint8Array>();
  const revisionOf = (type: string) => held.get(type)?.revision ?? 0;

  return {
    async readType(type) {
      await Promise.resolve();
      return held.get(type);
    },
    async readTypes(types) {
      await Promise.resolve();
      return new Map(
        types.flatMap((type) => {
          const record = held.get(type);
          return record === undefined ? [] : [[type, record]];
        }),
      );
    },
    async listTypes(afterType = "", limit) {
      await Promise.resolve();
      const behind = [...held.keys()].filter((type) => type > afterType).sort();
      return behind.slice(0, limit).flatMap((type) => held.get(type) ?? []);
    },
    async putTypes(records) {
      await Promise.resolve();
      if (records.some(({ type, revision }) => revisionOf(type) !== revision - 1)) return "taken";
      for (const record of records) held.set(record.type, Object.freeze({ ...record }));
      return "stored";
    },
    async readDescriptors(hash) {
      await Promise.resolve();
      return descriptorSets.get(hash)?.slice();
    },
    async putDescriptors(hash, descriptorSet) {
      await Promise.resolve();
      descriptorSets.set(hash, descriptorSet.slice());
    },
  };
}
