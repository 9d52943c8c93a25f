import type { Outcome } from "./history.ts";
import type { MessageCommand } from "./message-command.ts";
import type { Truth, TruthMember } from "./truth.ts";
import { foldBlocks } from "./truth-blocks.ts";
import { foldMessages, type TruthMessage, type TruthMessages } from "./truth-messages.ts";
import { createWindows } from "./window.ts";

/** A call and its answer. Stamps rise with every event of a run; times are of the server's clock. */
export interface MessageCall {
  readonly command: MessageCommand;
  readonly arrived: number;
  readonly arrivedAtMs: number;
  answered: number;
  answeredAtMs: number;
  outcome: Outcome | undefined;
}

export interface Moment {
  readonly length: number;
  readonly members: ReadonlyMap<string, TruthMember>;
  readonly messages: TruthMessages;
  /** Who blocks whom. */
  readonly blocks: ReadonlySet<string>;
}

/** The truth as calls could see it. */
export interface MessageWindows {
  readonly truth: Truth;
  /** Behind each entry; index 0 is before the first. */
  readonly moments: readonly Moment[];
  /** The two users who define the room; nobody in a group. */
  readonly pair: readonly string[];
  /** Lengths that the log may have had between two stamps. */
  lengths(after: number, before: number): { readonly low: number; readonly high: number };
  /** Whether something was true at some moment of the call. */
  sometime(call: MessageCall, isTrue: (moment: Moment) => boolean): boolean;
  /** The same of one message that is there. */
  ofMessage(call: MessageCall, seq: number, isTrue: (message: TruthMessage, moment: Moment) => boolean): boolean;
  /** Whether retention may have removed an entry before the call was answered. */
  isRemoved(call: MessageCall, seq: number): boolean;
}

export function createMessageWindows(truth: Truth, pair: readonly string[]): MessageWindows {
  const { states, lengths } = createWindows(truth);
  const messages = foldMessages(truth.entries);
  const blocks = foldBlocks(truth.entries);
  const moments = states.map(({ members }, length) => ({
    length,
    members,
    messages: messages[length] as TruthMessages,
    blocks: blocks[length] as ReadonlySet<string>,
  }));
  const sometime: MessageWindows["sometime"] = ({ arrived, answered }, isTrue) => {
    const { low, high } = lengths(arrived, answered);
    return moments.slice(low, high + 1).some(isTrue);
  };
  return {
    truth,
    moments,
    pair,
    lengths,
    sometime,
    ofMessage: (call, seq, isTrue) =>
      sometime(call, (moment) => {
        const message = moment.messages.bySeq.get(seq);
        return message !== undefined && isTrue(message, moment);
      }),
    isRemoved: (call, seq) => (truth.entries[seq - 1]?.removed?.after ?? Infinity) < call.answered,
  };
}
