import { fault, type PlantedFault } from "./fault.ts";
import { roomFaults } from "./room-faults.ts";

const append = "log/append.ts";
const catchUp = "log/catch-up.ts";
const findKey = "log/find-key.ts";
const purge = "admin/purge.ts";

export const plantedFaults: readonly PlantedFault[] = [
  fault(
    "our own key in the winner is not recognised",
    append,
    "return keyScopeOf(entry) === intent.key.scope;",
    "return keyScopeOf(entry) === intent.key.scope && Number.isNaN(entry.seq);",
    {
      file: append,
      find: "if (winner?.entry.seq === view.tailSeq + 1) learn(view, winner, false);",
      replace:
        "if (winner?.entry.seq === view.tailSeq + 1) learn(view, winner, false);\n  if (winner !== undefined) view.keys.uses.delete(keyScopeOf(winner.entry));",
    },
  ),
  fault("keys of entries that were caught up are not looked at", "log/view.ts", "  addNewest(view.keys, entry);\n", ""),
  fault(
    "a fill reads members before the tail",
    catchUp,
    "  const newest = await log.store.readEntries({ roomId, newestFirst: true, limit: fillEntries });\n  const view = viewOf(newest, proven);\n",
    `  const room = await log.store.readRoom(roomId);
  const members = await log.store.listMembers(roomId, undefined, 100);
  const newest = await log.store.readEntries({ roomId, newestFirst: true, limit: fillEntries });
  const view = viewOf(newest, proven);
  if (view !== undefined && room !== undefined) {
    view.state = { room, members: new Map(members.map((member) => [member.userId, member])) };
  }
`,
  ),
  fault(
    "a refusal is given without a fresh read",
    append,
    "Math.max(arrivedAtTurn, view.stateReadAtTurn, loaded.atTurn)",
    "Math.max(view.stateReadAtTurn, loaded.atTurn)",
  ),
  fault(
    "a refusal takes a read that began before the call arrived",
    catchUp,
    "view.readAtTurn = proven.atTurn;",
    "view.readAtTurn = log.turn();",
  ),
  fault(
    "a key is called too old without a fresh read",
    append,
    "    const decision = search.kind",
    '    if (search.kind === "refused") throw search.refusal;\n    const decision = search.kind',
  ),
  fault(
    "a cached tail is used for ever",
    append,
    "const expired = ageMs > log.limits.cachedTailMaxAgeMs || ageMs < 0;",
    "const expired = ageMs < 0;",
  ),
  fault(
    "a put is not abandoned when its server slept",
    append,
    "if (nowMs - startedAtMs > log.limits.appendTimeoutMs) break;",
    "",
    { file: append, find: "if (log.clock.nowMs() - nowMs > log.limits.appendTimeoutMs) continue;", replace: "" },
  ),
  fault("retention does not wait a day", purge, "clock.nowMs() - retentionMinAgeMs", "clock.nowMs()"),
  fault(
    "retention goes by created_at",
    purge,
    "({ appendedAtMs }) => appendedAtMs > youngestMs",
    "({ entry }) => Number(entry.createdAt?.seconds ?? 0) * 1000 > youngestMs",
  ),
  fault("retention removes the tail", purge, "Math.min(below, tail.entry.seq)", "below"),
  fault(
    "retention removes state entries",
    purge,
    "old.filter(({ entry }) => entry.stateSeq !== entry.seq).map(",
    "old.map(",
  ),
  fault(
    "purged_below is raised after the deletion",
    purge,
    "    await store.raisePurgedBelow(roomId, last.entry.seq + 1);\n    await store.deleteEntries(roomId, seqs);\n",
    "    await store.deleteEntries(roomId, seqs);\n    await store.raisePurgedBelow(roomId, last.entry.seq + 1);\n",
  ),
  fault(
    "nothing is read back for an old key",
    findKey,
    "while (!coversSince(view.keys, sinceMs))",
    "while (readBack < 0)",
  ),
  fault("the window of a key leaves out the skew", "log/request-key.ts", "key.bornAtMs - maxSkewMs;", "key.bornAtMs;"),
  fault(
    "a key that retention may have removed counts as new",
    findKey,
    "if (key.bornAtMs === undefined || isYoung) return",
    "if (found === 0) return",
  ),
  fault(
    "keys from the future are taken",
    findKey,
    "key.bornAtMs > nowMs + log.limits.keyMaxSkewMs",
    "key.bornAtMs < 0",
  ),
  fault(
    "the same key with another body gets the first answer",
    append,
    "if (found.requestHash === undefined || found.requestHash === intent.key.requestHash) return found;",
    "if (found.entry.seq > 0) return found;",
  ),
  fault("keys of different senders meet", "log/request-key.ts", "{senderOf(actor)}", "{senderOf(actor).slice(0, 0)}"),
  fault("created_at may go back", append, "Math.max(nowMs, view.tailCreatedAtMs)", "nowMs"),
  fault(
    "catching up ends after one entry",
    catchUp,
    "after: view.tailSeq, limit: catchUpEntries });",
    "after: view.tailSeq, limit: 1 });",
  ),
  fault(
    "catching up jumps over what retention removed",
    catchUp,
    "if (logged.entry.seq !== view.tailSeq + 1) {",
    "if (logged.entry.seq <= view.tailSeq) {",
  ),
  fault(
    "the fold counts members twice",
    "log/fold.ts",
    "if (entry.seq > state.room.stateSeq) {",
    "if (entry.seq > 0) {",
  ),
  fault(
    "the fold forgets who was removed",
    "log/fold.ts",
    "for (const userId of body.value.userIds) change(state, userId, { leftSeq: entry.seq });",
    "",
  ),
  fault("the fold forgets who left", "log/fold.ts", "change(state, body.value.userId, { leftSeq: entry.seq });", ""),
  fault(
    "the fold forgets new roles",
    "log/fold.ts",
    "change(state, body.value.userId, { role: body.value.role });",
    "",
  ),
  fault(
    "an unknown type of entry counts as harmless",
    "log/fold.ts",
    "if (entry.body.case === undefined) return false;",
    "if (entry.body.case === undefined) return true;",
  ),
  fault(
    "an entry that changes no state names itself as the last that did",
    append,
    "stateSeq: changesState(draft.change) ? seq : view.stateSeq,",
    "stateSeq: seq,",
  ),
  fault(
    "a conflict counts as a loss",
    append,
    '      case "conflict":\n',
    '      case "conflict":\n        view.tailSeq++;\n',
  ),
  fault(
    "what the cache does not know counts as beyond the end",
    "reading/mark-read.ts",
    "const [tail] = await store.readEntries({ roomId, newestFirst: true, limit: 1 });\n  if (tail === undefined) throw roomNotFound(roomId);\n  if (seq > tail.entry.seq) {",
    "const [tail] = await store.readEntries({ roomId, newestFirst: true, limit: 1 });\n  if (tail === undefined) throw roomNotFound(roomId);\n  if (seq > cachedTailSeq) {",
  ),
  fault("any number may be marked as read", "reading/mark-read.ts", "seq > tail.entry.seq", "seq > tail.entry.seq + 2"),
  fault(
    "a creation is repeated under another id",
    "rooms/create.ts",
    'deriveRoomId("created", [key.scope])',
    'deriveRoomId("created", [key.scope, log.newKey()])',
  ),
  fault(
    "a cached page is given without a fresh read",
    "log/read-recent.ts",
    "const proven = await prove(log, range.roomId);",
    "const proven = await Promise.resolve(cached);",
  ),
  fault(
    "a cached page takes a read that began before the call arrived",
    "shared-reads.ts",
    "turn.next ??= turn.running.then(again, again);",
    "turn.next ??= again === undefined ? undefined : turn.running;",
  ),
  fault("a cached page still has what retention removed", "log/prove.ts", "  dropBelow(recent, purgedBelow);\n", ""),
  fault(
    "a removed member may write",
    "log/fold.ts",
    "member.joinedSeq > 0 && member.leftSeq === 0",
    "member.joinedSeq > 0",
  ),
  ...roomFaults,
];
