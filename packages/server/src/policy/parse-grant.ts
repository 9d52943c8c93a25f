import type { Grant } from "./policy.ts";
import type { Rate } from "./rate-limiter.ts";
import type { YamlSource, YamlValue } from "./yaml-source.ts";

export interface GrantNames {
  /** Full names of all calls. */
  readonly methods: readonly string[];
  /** Undefined when no kinds are declared. */
  readonly isKind: ((kind: string) => boolean) | undefined;
}

/** Reads what one service may do. What is not said is not granted, but for the kinds: without them, all. */
export function parseGrant(source: YamlSource, value: YamlValue, names: GrantNames): Grant {
  const fields = source.fields(value, ["calls", "kinds", "act_as_users", "act_as_system", "rate"]);
  if (fields.calls === undefined) source.complain(value, 'must have calls: a list, or "*"');
  return {
    methods: fields.calls && methodsOf(source, fields.calls, names.methods),
    kinds: fields.kinds && kindsOf(source, fields.kinds, names.isKind),
    actAsUsers: (fields.act_as_users && source.truth(fields.act_as_users)) ?? false,
    actAsSystem: (fields.act_as_system && source.truth(fields.act_as_system)) ?? false,
    rate: fields.rate && rateOf(source, fields.rate),
  };
}

/** `MessageService/SendMessage`, `MessageService/List*`, `MessageService/*`; `"*"` alone is everything. */
function methodsOf(source: YamlSource, value: YamlValue, all: readonly string[]): ReadonlySet<string> | undefined {
  if (source.scalar(value) === "*") return undefined;
  const granted = source.texts(value).flatMap(({ text, value: item }) => {
    const matching = all.filter((method) => matches(text, method.slice(method.lastIndexOf(".") + 1)));
    if (matching.length === 0) source.complain(item, `names no call that there is: ${text}`);
    return matching;
  });
  return new Set(granted);
}

function matches(pattern: string, method: string): boolean {
  const isPrefix = /^[A-Za-z]+\/[A-Za-z]*\*$/.test(pattern);
  return isPrefix ? method.startsWith(pattern.slice(0, -1)) : method === pattern;
}

function kindsOf(source: YamlSource, value: YamlValue, isKind: GrantNames["isKind"]): ReadonlySet<string> | undefined {
  if (source.scalar(value) === "*") return undefined;
  const texts = source.texts(value);
  for (const { text, value: item } of texts) {
    if (isKind?.(text) === false) source.complain(item, `names a kind that is not declared: ${text}`);
  }
  return new Set(texts.map(({ text }) => text));
}

function rateOf(source: YamlSource, value: YamlValue): Rate | undefined {
  const fields = source.fields(value, ["per_second", "burst"]);
  if (fields.per_second === undefined) return source.complain(value, "must have per_second");
  const perSecond = source.number(fields.per_second, "a number from 0.001 to 1000000", (n) => n >= 0.001 && n <= 1e6);
  const isBurst = (n: number) => Number.isInteger(n) && n >= 1 && n <= 1e6;
  const burst = fields.burst && source.number(fields.burst, "a whole number from 1 to 1000000", isBurst);
  if (perSecond === undefined) return undefined;
  return { perSecond, burst: burst ?? Math.max(1, Math.ceil(perSecond)) };
}
