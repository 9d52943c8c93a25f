import type { Broker } from "@maru/kafka";
import { ensureLetterTopics, existingBoxes } from "./letter-topics.ts";
import { type Letters, openLetters } from "./letters.ts";
import type { FailurePolicy } from "./options.ts";
import type { ConsumerWarning } from "./warning.ts";

/** Whose letters. */
export interface GroupLettersDeps {
  readonly broker: Broker;
  readonly group: string;
  readonly source: string;
  readonly warn: (warning: ConsumerWarning) => void;
}

/**
 * The dead letters of a group. A group that stops at a failure writes none, but may have parked rooms of a time when it had
 * another policy: those wait on, or their next events would come without what lies before.
 *
 * @throws what `Broker.ensureTopic` and `startProducer` throw
 */
export async function openGroupLetters(deps: GroupLettersDeps, policy: FailurePolicy): Promise<Letters | undefined> {
  const { broker, group, source } = deps;
  if (policy !== "stop") await ensureLetterTopics(broker, group, source);
  const boxes = await existingBoxes(broker, group);
  if (boxes.length === 0) return undefined;
  const producer = await broker.startProducer({ sessionCount: 1 });
  return openLetters({ ...deps, boxes, producer });
}
