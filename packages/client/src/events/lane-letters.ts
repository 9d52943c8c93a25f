import { type DeadLetter, DeadLetterState } from "@maru/protocol";
import { firstOf, type Lane, seqsOf } from "./lane.ts";
import type { LaneHost } from "./lane-host.ts";
import type { LetterBox } from "./letter-topics.ts";
import type { LetterChange, Letters } from "./letters.ts";
import type { ConsumerMeter } from "./metrics.ts";
import type { Redeliveries } from "./redeliveries.ts";
import type { SkippedPositions } from "./skipped-positions.ts";
import { toLetter, toProgress } from "./to-letter.ts";
import { type ConsumerWarning, givenUpWarning } from "./warning.ts";

/** What writing and reading dead letters for lanes needs. */
export interface LaneLettersDeps {
  readonly group: string;
  readonly letters: Letters;
  readonly redeliveries: Redeliveries;
  readonly skippedPositions: Pick<SkippedPositions, "passBy">;
  readonly meter: ConsumerMeter;
  readonly warn: (warning: ConsumerWarning) => void;
  readonly fail: (error: unknown) => void;
}

/** The dead letters of the rooms of one partition. */
export interface LaneLetters {
  /** Writes down that what comes first failed for good; then the lane hears `recorded`. */
  giveUp(lane: Lane, box: LetterBox): Promise<void>;
  /** Writes down how far a replay is, for whoever may have to go on with it. */
  progress(lane: Lane): void;
  /** Removes the letter of a room whose replay has met the topic; then the lane hears `recorded`. */
  release(lane: Lane): Promise<void>;
  /** Begins with what was asked for before the partition was assigned, and follows what others write. */
  start(): void;
}

/** Writes letters for the lanes of one partition, and does what others ask for in it. */
export function createLaneLetters(deps: LaneLettersDeps, host: LaneHost): LaneLetters {
  const { letters, redeliveries, meter } = deps;
  const { claim, positions, stopping } = host;
  const { partition } = claim;

  /** Says whether it is stored. Nothing is written for a partition that is somebody else's by now. */
  async function write(store: () => Promise<void>): Promise<boolean> {
    if (claim.signal.aborted) return false;
    try {
      await store();
      return true;
    } catch (error) {
      if (!stopping.aborted) deps.fail(error);
      return false;
    }
  }

  /**
   * Removes the letter of a parked room, and says whether it did. Whoever holds the partition has let the room's events pass by
   * because of that letter: if that is somebody else by now, without the letter nobody would come back for them.
   */
  async function erase(letter: DeadLetter, handledSeq: number): Promise<boolean> {
    return (await host.confirm()) && write(() => letters.erase("parked", letter, handledSeq));
  }

  async function giveUp(lane: Lane, box: LetterBox): Promise<void> {
    const { turn, failure, replay } = lane;
    const letter = toGivenUp(lane, box);
    const position = positions.get(lane.roomId);
    if (!(await write(() => letters.write(box, letter)))) return;
    deps.warn(givenUpWarning(box, letter, failure));
    if (box === "parked") meter.parked();
    else meter.skipped();
    const isPassed = box === "parked" || (await deps.skippedPositions.passBy(lane.roomId, letter.seq, position));
    if (lane.turn !== turn || (stopping.aborted && replay) || !isPassed) return;
    host.input(lane, "recorded");
    heed(lane.roomId);
  }

  function toGivenUp(lane: Lane, box: LetterBox): DeadLetter {
    const { roomId, attempts, failure: error, replay } = lane;
    const first = firstOf(lane);
    const isRead = first !== undefined && (replay === undefined || lane.fill.length > 0);
    const seq = isRead ? seqsOf(first.what).firstSeq : (replay?.nextSeq ?? 0);
    const type = isRead && first.what.kind !== "gap" ? first.what.type : "";
    const offset = (isRead ? first.offset : replay?.letter.offset) ?? 0n;
    const now = new Date();
    return toLetter(
      {
        ...{ group: deps.group, roomId, seq, type, attempts, error },
        place: { topic: claim.topic, partition, offset },
        firstFailedAt: lane.firstFailedAt ?? now,
        lastFailedAt: now,
      },
      box === "parked" ? DeadLetterState.PARKED : DeadLetterState.SKIPPED,
      replay?.letter,
    );
  }

  function progress({ replay }: Lane): void {
    if (replay) void write(() => letters.write("parked", toProgress(replay.letter, replay.nextSeq)));
  }

  async function release(lane: Lane): Promise<void> {
    const { turn, replay } = lane;
    if (!replay || !(await erase(replay.letter, replay.nextSeq - 1))) return;
    meter.redriven();
    if (lane.turn !== turn || stopping.aborted) return;
    lane.replay = undefined;
    host.input(lane, "recorded");
    heed(lane.roomId);
  }

  function start(): void {
    letters.watch(partition, onChange, stopping);
    for (const { box, letter } of letters.asked(partition)) {
      if (box === "parked") heed(letter.roomId);
      else redeliveries.start(letter);
    }
  }

  function onChange({ box, before, now, handledSeq }: LetterChange): void {
    if (box === "skipped") {
      if (now?.state === DeadLetterState.REDRIVE_REQUESTED) redeliveries.start(now);
    } else if (now !== undefined) {
      heed(now.roomId);
    } else if (before !== undefined) {
      released(before, handledSeq ?? before.seq);
    }
  }

  /**
   * The room's letter is not one that this work wrote, or that is what it has to look out for: one of a consumer that had the
   * partition before, or of somebody who asks to try again.
   */
  function heed(roomId: string): void {
    const letter = letters.parked(partition, roomId);
    if (letter === undefined || stopping.aborted) return;
    const lane = host.busyLane(roomId);
    if (lane?.replay) return;
    const position = positions.get(roomId) ?? 0;
    const isAsked = letter.state === DeadLetterState.REDRIVE_REQUESTED;
    if (position >= letter.seq && !isAsked) {
      // It failed elsewhere, and has been done here.
      void erase(letter, position);
      return;
    }
    if (lane && lane.state !== "parked") host.input(lane, "parkedElsewhere");
    // Who asked may have read an older letter, and written it over one that says where the room waits now: so what is done is
    // no reason to think that nothing waits.
    if (isAsked) begin(letter, Math.max(letter.seq, position + 1));
  }

  /** Somebody else removed the letter of a room that waits here: what lies behind is not done for that. */
  function released(letter: DeadLetter, handledSeq: number): void {
    const { roomId } = letter;
    const lane = host.busyLane(roomId);
    const position = positions.get(roomId);
    if (stopping.aborted || (lane && lane.state !== "parked")) return;
    if (position !== undefined && position >= letter.seq) return;
    begin(letter, handledSeq + 1);
  }

  function begin(letter: DeadLetter, nextSeq: number): void {
    const lane = host.laneOf(letter.roomId);
    if (lane.state === "following") host.input(lane, "parkedElsewhere");
    if (lane.state !== "parked") return;
    lane.replay = { letter, nextSeq, atEnd: false, passedSeq: 0 };
    positions.set(letter.roomId, nextSeq - 1);
    host.input(lane, "redriven");
  }

  return { giveUp, progress, release, start };
}
