import type { DescMessage, FileRegistry } from "@bufbuild/protobuf";
import { ErrorReason } from "@maru/protocol";
import { LRUCache } from "lru-cache";
import { MaruError } from "../../errors.ts";
import type { Clock } from "../clock.ts";
import type { CardTypeReader, CardTypeRecord, CardTypeStore } from "./card-type-store.ts";
import { openDescriptors } from "./type-descriptors.ts";

export interface RegisteredType {
  readonly record: CardTypeRecord;
  readonly message: DescMessage;
  /** For what the message holds: JSON needs it. */
  readonly registry: FileRegistry;
  readonly descriptorSet: Uint8Array;
}

/** The types of cards as one process sees them. */
export interface CardTypes<Store extends CardTypeReader = CardTypeStore> {
  readonly store: Store;
  /**
   * The type, perhaps by older descriptors: an older revision accepts all that a newer one does, since fields that it does
   * not name are good. Refused with CARD_TYPE_UNKNOWN only after a strongly consistent read that began after the call.
   */
  require(type: string): Promise<RegisteredType>;
  /** The type by the newest descriptors, read now. */
  requireNewest(type: string): Promise<RegisteredType>;
  open(record: CardTypeRecord): Promise<RegisteredType>;
}

export interface CardTypesLimits {
  /** How much memory opened descriptors may take. */
  readonly cacheBytes: number;
  /** After how long a known type is looked at again. */
  readonly maxAgeMs: number;
}

export const defaultCardTypesLimits: CardTypesLimits = { cacheBytes: 32 * 1024 * 1024, maxAgeMs: 30_000 };

export interface CardTypesOptions<Store extends CardTypeReader> {
  readonly store: Store;
  readonly clock: Clock;
  readonly limits: CardTypesLimits;
}

interface KnownType {
  readonly record: CardTypeRecord;
  checkedAtMs: number;
}

/** Opened descriptors take so many times the memory of their bytes. Measured, and rounded up. */
const openedFactor = 12;
const maxKnownTypes = 10_000;

interface Opened {
  readonly registry: FileRegistry;
  readonly descriptorSet: Uint8Array;
}

export function createCardTypes<Store extends CardTypeReader>({
  store,
  clock,
  limits,
}: CardTypesOptions<Store>): CardTypes<Store> {
  const known = new LRUCache<string, KnownType>({ max: maxKnownTypes });
  // What a hash stands for never changes, so those who need it at once may wait for one read.
  const opened = new LRUCache<string, Opened>({
    maxSize: limits.cacheBytes,
    sizeCalculation: ({ descriptorSet }) => descriptorSet.length * openedFactor,
    fetchMethod: async (hash) => {
      const descriptorSet = await store.readDescriptors(hash);
      if (descriptorSet === undefined) throw new Error(`a type of cards has descriptors that are not stored: ${hash}`);
      return { registry: openDescriptors(descriptorSet), descriptorSet };
    },
  });

  async function open(record: CardTypeRecord): Promise<RegisteredType> {
    const found = await opened.fetch(record.descriptorHash);
    const message = found?.registry.getMessage(record.type);
    if (found === undefined || message === undefined) {
      throw new Error(`the descriptors of ${record.type} do not hold it`);
    }
    return { record, message, ...found };
  }

  async function readRecord(type: string): Promise<CardTypeRecord> {
    const checkedAtMs = clock.nowMs();
    const record = await store.readType(type);
    if (record === undefined) throw new MaruError(ErrorReason.CARD_TYPE_UNKNOWN, { metadata: { card_type: type } });
    const before = known.get(type);
    // A read that began earlier may end later.
    if (before === undefined || before.record.revision <= record.revision) known.set(type, { record, checkedAtMs });
    return record;
  }

  async function readAgain(cached: KnownType): Promise<CardTypeRecord> {
    // Before the read: one call looks, and the others need not wait for it.
    cached.checkedAtMs = clock.nowMs();
    try {
      return await readRecord(cached.record.type);
    } catch (error) {
      // Types are never taken back, so what is known is good, and cards can be sent while the control table is away.
      if (error instanceof MaruError) return cached.record;
      throw error;
    }
  }

  return {
    store,
    async require(type) {
      const cached = known.get(type);
      if (cached === undefined) return open(await readRecord(type));
      const ageMs = clock.nowMs() - cached.checkedAtMs;
      const isFresh = ageMs >= 0 && ageMs <= limits.maxAgeMs;
      return open(isFresh ? cached.record : await readAgain(cached));
    },
    requireNewest: async (type) => open(await readRecord(type)),
    open,
  };
}
