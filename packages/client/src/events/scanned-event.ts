import { fromBinary } from "@bufbuild/protobuf";
import { type Timestamp, timestampDate } from "@bufbuild/protobuf/wkt";
import { type Entry, RoomEventSchema } from "@maru/protocol";
import type { EventKind } from "./handlers.ts";
import { ShownEvent } from "./shown-event.ts";

type Stamps = { readonly [stamp in "committedAt" | "streamedAt" | "relayedAt"]: Date | undefined };

/** An event of which only what most handlers look at is decoded. An `EventOf` of its kind. */
export class ScannedEvent extends ShownEvent {
  readonly roomId: string;
  readonly seq: number;
  readonly type: string;
  readonly kind: EventKind;
  readonly body: unknown;
  readonly healed: boolean;
  readonly #bytes: Uint8Array;
  readonly #entryEnd: number;
  #entry: Entry | undefined;
  #stamps: Stamps | undefined;

  constructor(
    roomId: string,
    seq: number,
    { type, kind }: { readonly type: string; readonly kind: EventKind },
    body: unknown,
    healed: boolean,
    bytes: Uint8Array,
    entryEnd: number,
  ) {
    super();
    this.roomId = roomId;
    this.seq = seq;
    this.type = type;
    this.kind = kind;
    this.body = body;
    this.healed = healed;
    this.#bytes = bytes;
    this.#entryEnd = entryEnd;
  }

  get entry(): Entry {
    this.#entry ??= this.#decodeEntry();
    return this.#entry;
  }

  get committedAt(): Date | undefined {
    return this.#decodedStamps.committedAt;
  }

  get streamedAt(): Date | undefined {
    return this.#decodedStamps.streamedAt;
  }

  get relayedAt(): Date | undefined {
    return this.#decodedStamps.relayedAt;
  }

  #decodeEntry(): Entry {
    const { entry } = fromBinary(RoomEventSchema, this.#bytes.subarray(0, this.#entryEnd));
    if (entry === undefined) throw new Error("the scan has seen an entry there");
    entry.body = { case: this.kind, value: this.body } as Entry["body"];
    return entry;
  }

  get #decodedStamps(): Stamps {
    this.#stamps ??= this.#decodeStamps();
    return this.#stamps;
  }

  #decodeStamps(): Stamps {
    const { committedAt, streamedAt, relayedAt } = fromBinary(RoomEventSchema, this.#bytes.subarray(this.#entryEnd));
    return { committedAt: toDate(committedAt), streamedAt: toDate(streamedAt), relayedAt: toDate(relayedAt) };
  }
}

/** As a `Date`, if there is one. */
export function toDate(timestamp: Timestamp | undefined): Date | undefined {
  return timestamp === undefined ? undefined : timestampDate(timestamp);
}
