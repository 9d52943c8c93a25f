import { cardFaults } from "./card-faults.ts";
import { eraseFaults } from "./erase-faults.ts";
import { fault, type PlantedFault } from "./fault.ts";
import { readingFaults } from "./reading-faults.ts";

const edit = "messages/edit.ts";
const remove = "messages/delete.ts";
const visible = "messages/visible.ts";
const append = "log/append.ts";

/** Rules of the verbs of messages taken out. */
export const messageFaults: readonly PlantedFault[] = [
  ...eraseFaults,
  ...readingFaults,
  ...cardFaults,
  fault("anybody edits", edit, "if (!isAuthor(intent.actor, target)) throw notTheAuthor(state, target);", ""),
  fault("what is deleted is edited", edit, "      requireNotDeleted(state, target);\n", ""),
  fault("what is held is edited", edit, "      requireShown(state, target);\n", ""),
  fault(
    "an edit that says the same is written",
    edit,
    "if (saysAlready(target.message, request)) return undefined;",
    "",
  ),
  fault("edits have no window", edit, "      requireWithinWindow(kinds, state, target, next);\n", ""),
  fault(
    "edits have no end",
    "messages/edits-left.ts",
    "if (message.editCount < maxEdits) return;",
    "if (message.editCount >= 0) return;",
  ),
  fault(
    "the first version is that before the last edit",
    "messages/content-change.ts",
    "original: record.original ?? {",
    "original: {",
  ),
  fault(
    "the entry of an edit is forgotten",
    "messages/content-change.ts",
    "contentSeqs: [...record.contentSeqs, next.seq],",
    "contentSeqs: record.contentSeqs,",
  ),
  fault(
    "a cached message is not dropped when it changes",
    "log/recent-entries.ts",
    "else if (changed !== undefined) forget(recent, changed.messageSeq);",
    "",
  ),
  fault(
    "the target of an act is not read again when the log has moved",
    append,
    "if (loaded?.tailSeq !== view.tailSeq) loaded",
    "if (loaded === undefined) loaded",
    { file: append, find: "        loaded = undefined;\n", replace: "" },
  ),
  fault(
    "a deletion leaves the edits",
    remove,
    ", ...contents.map(toEmptied)],",
    ", ...contents.slice(1).map(toEmptied)],",
  ),
  fault(
    "a deletion leaves the commit",
    "messages/emptied.ts",
    "message && withoutContent(body.value.message)",
    "message",
  ),
  fault("any member deletes", remove, "if (!mayDelete(state, actor, target)) throw notTheAuthor(state, target);", ""),
  fault("a deletion leaves the pin in the room", remove, "          ...toUnpinned(state, seq),\n", ""),
  fault(
    "a deleted hold stays open",
    remove,
    "holdState === HoldState.HELD ? HoldState.CANCELLED : holdState",
    "holdState",
  ),
  fault("what is deleted is deleted again", remove, "if (target.message.deletion !== undefined) return undefined;", ""),
  fault(
    "a reaction takes the others' place",
    "messages/reactions.ts",
    "const after = new Map(all);",
    "const after = new Map<string, readonly string[]>([...all].slice(0, 1));",
  ),
  fault(
    "kinds stand in the order of users",
    "messages/reactions.ts",
    "new Map(before.map(({ kind }) => [kind, 0]))",
    "new Map<string, number>(before.map(({ kind }): [string, number] => [kind, 0]).slice(0, 0))",
  ),
  fault(
    "any number of users react",
    "messages/set-reactions.ts",
    "      requireRoomFor(limits, state, target, userId);\n",
    "",
  ),
  fault("any number of messages is pinned", "messages/pin.ts", "      requireRoomFor(limits, state);\n", ""),
  fault("the fold forgets pins", "log/fold.ts", "  state.room = { ...state.room, pinnedSeqs };\n", ""),
  fault(
    "a pin forgets what is kept beside the message",
    "messages/content-change.ts",
    'body: { case: "messageSent", value }, record }',
    'body: { case: "messageSent", value } }',
  ),
  fault(
    "a commit forgets its own content",
    "messages/commit.ts",
    "[...target.record.contentSeqs, next.seq]",
    "[...target.record.contentSeqs]",
  ),
  fault("a hold that has run out is committed", "messages/hold.ts", " && !hasExpired(message, next.nowMs)", ""),
  fault(
    "any member cancels",
    "messages/cancel.ts",
    "if (isUser && !isAuthor(actor, target)) throw notTheAuthor(state, target);",
    "",
  ),
  fault(
    "a hold is ended before its time",
    "messages/expire-holds.ts",
    "if (!hasExpired(target.message, next.nowMs)) return undefined;",
    "",
    {
      file: "messages/expire-holds.ts",
      find: "if (expiresAtMs <= domain.log.clock.nowMs())",
      replace: "if (expiresAtMs > 0)",
    },
  ),
  fault(
    "others see what is held",
    visible,
    "return seesContent ? entry : withMessage(entry, withoutContent(message));",
    "return entry;",
  ),
  fault("a hold that has run out is still seen", visible, "if (hasExpired(message, nowMs)) {", "if (nowMs < 0) {"),
  fault(
    "the log tells of what is held",
    "events/list-entries.ts",
    "items.map(({ entry }) => withoutHeldContent(entry))",
    "items.map(({ entry }) => entry)",
  ),
  fault(
    "a user who has left reads on",
    "messages/viewer.ts",
    "if (isPresent(members.get(userId))) return viewer;",
    "if (members.get(userId) !== undefined) return viewer;",
  ),
  fault(
    "a block counts one way only",
    "rooms/may-write.ts",
    "hasBlocked(userId, one) || hasBlocked(one, userId)",
    "hasBlocked(one, userId)",
  ),
  fault("the fold forgets blocks", "log/fold.ts", "  change(state, userId, { blockedUserIds });\n", ""),
  fault("who blocks again is told of it", "rooms/block-user.ts", "if (blocked.includes(userId)) return undefined;", ""),
];
