/** A type of cards as it is registered. Its descriptors lie apart, under their hash, since many types share them. */
export interface CardTypeRecord {
  /** Full name of the team's message. */
  readonly type: string;
  /** The service that registered it first; it never changes. */
  readonly owner: string;
  /** 1 for the first descriptors, one more for each that came after. */
  readonly revision: number;
  readonly registeredAtMs: number;
  readonly descriptorHash: string;
}

/** The type was registered by somebody else meanwhile: nothing was stored. */
export type PutTypesOutcome = "stored" | "taken";

/** Where the types of cards are kept. Every read is strongly consistent. Failures are those of `Store`. */
export interface CardTypeStore {
  readType(type: string): Promise<CardTypeRecord | undefined>;
  /** Up to 100 types; those that are not registered are left out. */
  readTypes(types: readonly string[]): Promise<Map<string, CardTypeRecord>>;
  /** By name. Fewer than `limit` only at the end. */
  listTypes(afterType: string | undefined, limit: number): Promise<CardTypeRecord[]>;
  /** All or none, up to 100: each must follow on the revision that is stored, or be the first. */
  putTypes(records: readonly CardTypeRecord[]): Promise<PutTypesOutcome>;

  readDescriptors(hash: string): Promise<Uint8Array | undefined>;
  /** Before the types that name it, so that no type is without descriptors. Doing it twice is harmless. */
  putDescriptors(hash: string, descriptorSet: Uint8Array): Promise<void>;
}

/** What is needed of the types by whoever only reads cards. */
export type CardTypeReader = Pick<CardTypeStore, "readType" | "readDescriptors">;
