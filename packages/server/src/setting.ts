import type { SettingParser } from "./setting-parsers.ts";

export interface Setting<T> {
  readonly name: string;
  readonly parser: SettingParser<T>;
  /** As it would be written; undefined when there is none. */
  readonly initial: string | undefined;
  readonly sentence: string;
  /** Never shown. */
  readonly secret: boolean;
}

/** A setting that always has a value. */
export function setting<T>(name: string, parser: SettingParser<T>, initial: string, sentence: string): Setting<T> {
  return { name, parser, initial, sentence, secret: false };
}

export function optional<T>(name: string, parser: SettingParser<T>, sentence: string): Setting<T | undefined> {
  return { name, parser, initial: undefined, sentence, secret: false };
}

export function secret<T>(name: string, parser: SettingParser<T>, sentence: string): Setting<T | undefined> {
  return { ...optional(name, parser, sentence), secret: true };
}
