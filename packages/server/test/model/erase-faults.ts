import { fault, type PlantedFault } from "./fault.ts";

const eraseRoom = "admin/erase-room.ts";
const changes = "admin/erasure-changes.ts";
const erasure = "admin/erasure.ts";

/** Rules of an erasure taken out. */
export const eraseFaults: readonly PlantedFault[] = [
  fault(
    "an erasure is told of, and changes nothing",
    eraseRoom,
    "change: { entries: changes }",
    "change: { entries: [] }",
  ),
  fault(
    "an erasure leaves what else carries a message's content",
    changes,
    "...carriers.filter(hasContent).map(",
    "...carriers.slice(0, 0).map(",
  ),
  fault(
    "an erasure leaves the hash of an edit",
    changes,
    "erasureOf(carrier, userId, at) ?? toEmptied(carrier)",
    "toEmptied(carrier)",
  ),
  fault(
    "an erasure leaves what is kept beside a message",
    erasure,
    "toMessage(erased(message, at, userId), undefined)",
    "toMessage(erased(message, at, userId), logged.record)",
  ),
  fault("an erasure leaves the hash of a request", erasure, "...(losesHash && { withoutRequestHash: true }),", ""),
  fault(
    "an erasure takes the reactions of others too",
    erasure,
    "withReactionsOf(record.reactions, userId, [])",
    "withReactionsOf(new Map<string, readonly string[]>(), userId, [])",
  ),
  fault(
    "an erasure does not know its own step again",
    "log/request-key.ts",
    "const scope = keyScope(caller, actor, value);",
    "const scope = [value, typeof caller, typeof actor].join(' ');",
  ),
  fault(
    "a cached entry outlives its erasure",
    "log/changed-entries.ts",
    'case "userErased":\n      return "all";',
    'case "userErased":\n      return undefined;',
  ),
];
