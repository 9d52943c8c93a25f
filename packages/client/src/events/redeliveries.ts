import { type DeadLetter, DeadLetterState, deadLetterKey } from "@maru/protocol";
import type { HandOver } from "./hand-over.ts";
import type { HandlerSlots } from "./handler-slots.ts";
import type { Healer } from "./healer.ts";
import type { Letters } from "./letters.ts";
import type { ConsumerMeter } from "./metrics.ts";
import { pauseMs } from "./pause-ms.ts";
import { type HandlerRetryPolicy, handlerBackoffMs } from "./retry.ts";
import type { SkippedPositions } from "./skipped-positions.ts";
import { toLetter } from "./to-letter.ts";
import { type ConsumerWarning, failureWarning, givenUpWarning } from "./warning.ts";

/** What handing skipped events over again needs. */
export interface RedeliveriesDeps {
  readonly letters: Letters;
  readonly healer: Healer;
  readonly slots: HandlerSlots;
  readonly skippedPositions: Pick<SkippedPositions, "wasHandled">;
  readonly retry: HandlerRetryPolicy;
  readonly random: () => number;
  readonly meter: ConsumerMeter;
  readonly warn: (warning: ConsumerWarning) => void;
  readonly fail: (error: unknown) => void;
}

/** Hands skipped events over again, each by itself, whatever their rooms do meanwhile. */
export interface Redeliveries {
  /** Begins, if it has not begun. */
  start(letter: DeadLetter): void;
}

/** Ends when the signal aborts; the letters then stay as they are. */
export function createRedeliveries(deps: RedeliveriesDeps, handOver: HandOver, signal: AbortSignal): Redeliveries {
  const { letters, healer, slots, skippedPositions, retry, random, meter, warn, fail } = deps;
  const underWay = new Set<string>();

  async function redeliver(letter: DeadLetter): Promise<void> {
    const { roomId, seq, offset } = letter;
    if (await skippedPositions.wasHandled(roomId, seq)) return letters.erase("skipped", letter, seq);
    const { items } = await healer.fill({ roomId, firstSeq: seq, lastSeq: seq }, signal);
    healer.release(items.length);
    const [what] = items;
    if (!what) throw new Error(`the table said nothing about entry ${seq} of room ${roomId}`);
    const deliverable = { what, offset, kafkaTimestamp: undefined, receivedAt: new Date() };
    const firstFailedAt = new Date();
    for (let attempt = 1; !signal.aborted; attempt++) {
      try {
        const delivery = { attempt, previousSeq: undefined, redelivered: true };
        await inSlot(roomId, () => handOver.deliver(deliverable, delivery));
        break;
      } catch (error) {
        if (signal.aborted) return;
        const waitMs = handlerBackoffMs(retry, attempt, random());
        if (waitMs === undefined) return giveUp(letter, { attempts: attempt, firstFailedAt, error });
        warn(failureWarning(what, attempt, error));
        await pauseMs(waitMs, signal);
      }
    }
    if (signal.aborted) return;
    await letters.erase("skipped", letter, seq);
    meter.redriven();
  }

  function inSlot(roomId: string, work: () => Promise<void>): Promise<void> {
    return new Promise((resolve, reject) => {
      slots.run(roomId, async () => {
        if (signal.aborted) reject(signal.reason);
        else await work().then(resolve, reject);
      });
    });
  }

  async function giveUp(
    letter: DeadLetter,
    how: { attempts: number; firstFailedAt: Date; error: unknown },
  ): Promise<void> {
    const { group, roomId, seq, type, topic, partition, offset } = letter;
    const place = { topic, partition, offset };
    const again = toLetter(
      { group, roomId, seq, type, place, lastFailedAt: new Date(), ...how },
      DeadLetterState.SKIPPED,
      letter,
    );
    await letters.write("skipped", again);
    meter.skipped();
    warn(givenUpWarning("skipped", again, how.error));
  }

  function start(letter: DeadLetter): void {
    const { partition, roomId, seq } = letter;
    const key = deadLetterKey(roomId, seq);
    if (underWay.has(key) || signal.aborted) return;
    underWay.add(key);
    redeliver(letter)
      .catch((error) => {
        if (!signal.aborted) fail(error);
      })
      .finally(() => {
        underWay.delete(key);
        // Somebody may have asked again while the letter was being written.
        const now = letters.skipped(partition, roomId, seq);
        if (now?.state === DeadLetterState.REDRIVE_REQUESTED && now !== letter) start(now);
      });
  }

  return { start };
}
