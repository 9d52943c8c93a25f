import { fault, type PlantedFault } from "./fault.ts";

const fold = "log/fold.ts";

/** Faults in the verbs that change a room's state, and in what the fold makes of their entries. */
export const roomFaults: readonly PlantedFault[] = [
  fault("the fold forgets that a room was frozen", fold, "return { frozen: true };", "return {};"),
  fault("the fold forgets that a room was unfrozen", fold, "return { frozen: false };", "return {};"),
  fault("the fold forgets that a room was closed", fold, "return { closed: true };", "return {};"),
  fault("the fold forgets new titles", fold, "{ title: body.value.title }", "{}"),
  fault("the fold forgets new attributes", fold, "{ attributes: body.value.attributes }", "{}"),
  fault("the fold forgets mutes", fold, "change(state, body.value.userId, { mutedUntil: body.value.mutedUntil });", ""),
  fault(
    "an expected state is not compared",
    "rooms/update.ts",
    "expected === undefined || expected === stateSeq",
    "expected === undefined || expected > 0",
  ),
  fault(
    "an update writes what is as before",
    "rooms/update.ts",
    "if (changedFields.length === 0) return undefined;",
    "",
  ),
  fault(
    "who joins again is muted no more",
    "rooms/membership.ts",
    "joinedSeq: next.seq, leftSeq: 0 }",
    "joinedSeq: next.seq, leftSeq: 0, mutedUntil: undefined }",
  ),
  fault("a time that has passed mutes", "rooms/muted-until.ts", "timestampMs(until) > nowMs", "timestampMs(until) > 0"),
  fault(
    "who left can be given a role",
    "rooms/membership.ts",
    "if (!isPresent(member)) throw memberNotFound",
    "if (member === undefined) throw memberNotFound",
  ),
  fault(
    "a hidden room counts as hidden without another look",
    "rooms/hide.ts",
    "const { entry: tail } = await readTail(store, roomId);",
    "const tail = entry;",
  ),
  fault(
    "a room is hidden at what the cache takes for its tail",
    "rooms/hide.ts",
    "const { entry } = await readTail(store, roomId);",
    "const { entry } = { entry: { seq: log.views.peek(roomId)?.tailSeq ?? 1 } };",
    {
      file: "rooms/hide.ts",
      find: "hideRoom({ store, limits }: Domain",
      replace: "hideRoom({ store, limits, log }: Domain",
    },
  ),
];
