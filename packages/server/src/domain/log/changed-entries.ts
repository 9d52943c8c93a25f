import type { Entry } from "@maru/protocol";

/** Which earlier entries are no longer what they were once this one is written: those of one message, all, or none. */
export function changedBy({ body }: Entry): { readonly messageSeq: number } | "all" | undefined {
  switch (body.case) {
    case "messageEdited":
    case "messageDeleted":
    case "messageCommitted":
    case "messageCancelled":
    case "cardUpdated":
    case "reactionsChanged":
    case "messagePinned":
    case "messageUnpinned":
      return { messageSeq: body.value.targetSeq };
    case "roomCreated":
    case "roomUpdated":
    case "roomFrozen":
    case "roomUnfrozen":
    case "roomClosed":
    case "roomImported":
    case "roomHandedBack":
    case "membersAdded":
    case "membersRemoved":
    case "memberLeft":
    case "memberRoleChanged":
    case "memberMuted":
    case "userBlocked":
    case "userUnblocked":
    case "messageSent":
      return undefined;
    case "userErased":
      return "all";
    case undefined:
      // Of a newer version: nobody here knows what it changed.
      return "all";
  }
}

/** Whether the entry is the message, or says something of it: an edit holds content that a deletion takes away. */
export function isOfMessage(entry: Entry, messageSeq: number): boolean {
  if (entry.seq === messageSeq) return true;
  const changed = changedBy(entry);
  return typeof changed === "object" && changed.messageSeq === messageSeq;
}
