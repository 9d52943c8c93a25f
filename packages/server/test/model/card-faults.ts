import { fault, type PlantedFault } from "./fault.ts";

const update = "messages/update-card.ts";

/** Rules of the updates of cards taken out. */
export const cardFaults: readonly PlantedFault[] = [
  fault("a user updates a card", update, "  requireService(intent.actor);\n", ""),
  fault("any service updates a card", update, "if (record.owner !== call.caller)", 'if (record.owner === "")'),
  fault("what is no card is updated", update, "      requireCardOf(state, target, card.type);\n", ""),
  fault("a card that is deleted is updated", update, "      requireNotDeleted(state, target);\n", ""),
  fault("updates of a card have no end", update, "      requireEditsLeft(limits, state, target);\n", ""),
  fault(
    "an update of a card does not reach its message",
    update,
    "[toContentChange(target, { content, mentions }, next)]",
    "[toContentChange(target, { content, mentions }, next)].slice(1)",
  ),
  fault(
    "an update of a card survives its message",
    "messages/emptied.ts",
    "return { seq, body: { case: body.case, value: { ...body.value, card: undefined } } };",
    "return { seq, body };",
  ),
];
