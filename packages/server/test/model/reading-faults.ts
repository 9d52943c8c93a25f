import { fault, type PlantedFault } from "./fault.ts";

const count = "reading/count-unread.ts";

/** Rules of what is unread taken out. */
export const readingFaults: readonly PlantedFault[] = [
  fault(
    "one's own messages are unread",
    count,
    'if (actor?.kind.case === "userId" && actor.kind.value === userId) return false;',
    "",
  ),
  fault(
    "what is deleted is unread",
    count,
    "if (content === undefined || deletion !== undefined) return false;",
    "if (content === undefined) return true;",
  ),
  fault(
    "what is held is unread",
    count,
    "body.value.holdState === HoldState.UNSPECIFIED",
    "body.value.holdState !== HoldState.COMMITTED",
  ),
  fault("what was committed is not unread", count, "return targets.get(body.value.targetSeq);", "return undefined;"),
  fault("what was there before one joined is unread", count, "Math.max(readSeq, joinedSeq)", "readSeq"),
];
