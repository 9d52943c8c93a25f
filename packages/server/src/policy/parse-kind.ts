import { openKind, type RoomKind } from "../domain/rooms/room-kind.ts";
import { parseDuration } from "./duration-text.ts";
import type { YamlSource, YamlValue } from "./yaml-source.ts";

const dayMs = 86_400_000;

/**
 * Reads the rules of one kind of room; what is not said is as in rooms without rules. `mayCall` says whether a service
 * may call anything at all.
 */
export function parseKind(source: YamlSource, value: YamlValue, mayCall: (service: string) => boolean): RoomKind {
  const names = ["creators", "max_members", "writers", "edit_window", "retention"] as const;
  // `group:` with nothing behind it declares a kind without rules.
  if (source.scalar(value) === null) return openKind;
  const fields = source.fields(value, names);
  const retention = fields.retention && durationOf(source, fields.retention);
  if (fields.retention !== undefined && retention !== undefined && retention < dayMs) {
    source.complain(fields.retention, "must be at least 1d: younger messages are never removed");
  }
  return {
    creators: fields.creators && creatorsOf(source, fields.creators, mayCall),
    maxMembers: (fields.max_members && maxMembersOf(source, fields.max_members)) ?? openKind.maxMembers,
    writers: (fields.writers && source.oneOf(fields.writers, ["members", "admins", "services"])) ?? openKind.writers,
    editWindowMs: fields.edit_window && durationOf(source, fields.edit_window),
    retentionMs: retention,
  };
}

function creatorsOf(
  source: YamlSource,
  value: YamlValue,
  mayCall: (service: string) => boolean,
): ReadonlySet<string> | undefined {
  if (source.scalar(value) === "*") return undefined;
  const texts = source.texts(value);
  for (const { text, value: item } of texts) {
    if (!mayCall(text)) source.complain(item, `names a service that may not call: ${text}`);
  }
  return new Set(texts.map(({ text }) => text));
}

function maxMembersOf(source: YamlSource, value: YamlValue): number | undefined {
  const isGood = (number: number) => Number.isInteger(number) && number >= 1 && number <= 1_000_000;
  return source.number(value, "a whole number from 1 to 1000000", isGood);
}

function durationOf(source: YamlSource, value: YamlValue): number | undefined {
  const text = source.scalar(value);
  const durationMs = typeof text === "string" ? parseDuration(text) : undefined;
  return (
    durationMs ?? source.complain(value, 'must be a duration of more than nothing, like "30s", "15m", "12h", "90d"')
  );
}
