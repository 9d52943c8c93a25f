import { ErrorReason } from "@maru/protocol";
import { isReason, MaruError } from "../errors.ts";
import { type Filling, fillHole, type Hole, toGap } from "./fill-hole.ts";
import type { GapReason } from "./handlers.ts";
import { pauseMs } from "./pause-ms.ts";
import type { EntrySource } from "./subscribe.ts";
import { type ConsumerWarning, healWarning } from "./warning.ts";

/** What a healer needs. */
export interface HealerDeps {
  readonly source: EntrySource;
  readonly random: () => number;
  readonly warn: (warning: ConsumerWarning) => void;
}

/** Reads what is missing in the topic from the table: a bounded number of reads at once, for all rooms of a consumer. */
export interface Healer {
  /**
   * The first part of what fills a hole. An error that may pass is waited for, however long it takes. What cannot be had is a
   * gap; rejects with the server's error where the hole has no end and nothing of it can be had, and with the signal's reason.
   */
  fill(hole: Hole, signal: AbortSignal): Promise<Filling>;
  /** So many of the items that `fill` gave are no longer held. */
  release(count: number): void;
}

const PAGE_SIZE = 200;
const MAX_READS = 4;
/** No read begins while so many items wait to be handed over. */
const MAX_HELD_ITEMS = 2000;
const FIRST_BACKOFF_MS = 100;
const MAX_BACKOFF_MS = 10_000;
/** So often a server must fail in reading one single entry, which others of its room surround, to count as unable to. */
const FAULTS_OF_ONE_ENTRY = 8;
const FAULTS_OF_A_PAGE = 3;

/** The healer of one consumer. */
export function createHealer({ source, random, warn }: HealerDeps): Healer {
  const waiting: (() => void)[] = [];
  let readCount = 0;
  let heldCount = 0;

  function admit(): void {
    while (readCount < MAX_READS && heldCount < MAX_HELD_ITEMS) {
      const next = waiting.shift();
      if (!next) return;
      readCount++;
      next();
    }
  }

  async function read(hole: Hole, pageSize: number, signal: AbortSignal): Promise<Filling> {
    await new Promise<void>((resolve) => {
      waiting.push(resolve);
      admit();
    });
    try {
      signal.throwIfAborted();
      const { roomId, firstSeq } = hole;
      const { entries, nextPageToken } = await source.events.listEntries(
        { roomId, after: firstSeq - 1, pageSize },
        { signal },
      );
      if (entries.length === 0 && nextPageToken !== "") throw new Error("the server answered with an empty page");
      const filling = fillHole(hole, { entries, isLast: nextPageToken === "" });
      heldCount += filling.items.length;
      return filling;
    } finally {
      readCount--;
      admit();
    }
  }

  async function fill(hole: Hole, signal: AbortSignal): Promise<Filling> {
    const { roomId, firstSeq, lastSeq } = hole;
    // One more than is missing: the entry behind the hole proves that it is one.
    const wanted = lastSeq === undefined ? PAGE_SIZE : Math.min(PAGE_SIZE, lastSeq - firstSeq + 2);
    let faults = 0;
    for (let tries = 0; ; tries++) {
      try {
        return await read(hole, faults < FAULTS_OF_A_PAGE ? wanted : 1, signal);
      } catch (error) {
        signal.throwIfAborted();
        const reason = refusalReason(error);
        if (reason !== undefined) {
          if (lastSeq === undefined) throw error;
          heldCount++;
          return { items: [toGap(roomId, firstSeq, lastSeq, reason, error)], atEnd: false };
        }
        if (isFault(error) && ++faults >= FAULTS_OF_ONE_ENTRY) {
          heldCount++;
          return { items: [toGap(roomId, firstSeq, firstSeq, "unreadable", error)], atEnd: false };
        }
        // Told again after twice as many tries, so that an outage of hours does not flood a log.
        if ((tries & (tries + 1)) === 0) warn(healWarning(roomId, firstSeq, error));
        await pauseMs(random() * Math.min(MAX_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** tries), signal);
      }
    }
  }

  return {
    fill,
    release(count) {
      heldCount -= count;
      admit();
    },
  };
}

/** Why nothing of the room can be had, where the server says so. */
export function refusalReason(error: unknown): GapReason | undefined {
  if (isReason(error, ErrorReason.ENTRY_PURGED)) return "purged";
  if (isReason(error, ErrorReason.ROOM_NOT_FOUND)) return "notFound";
  return error instanceof MaruError && error.code === "PERMISSION_DENIED" ? "noPermission" : undefined;
}

/** A server answered that it failed: asking for less may help, waiting may not. */
function isFault(error: unknown): boolean {
  return error instanceof MaruError && (error.code === "INTERNAL" || error.code === "DATA_LOSS");
}
