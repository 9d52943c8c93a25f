import type { Rate } from "./rate-limiter.ts";

/** What one service may do. */
export interface Grant {
  /** Full names, `maru.chat.v1.MessageService/SendMessage`; undefined: all. */
  readonly methods: ReadonlySet<string> | undefined;
  /** Kinds of rooms that its calls may reach; undefined: all. */
  readonly kinds: ReadonlySet<string> | undefined;
  /** On behalf of users. As itself a service always may. */
  readonly actAsUsers: boolean;
  readonly actAsSystem: boolean;
  /** Undefined: as many calls as it likes. */
  readonly rate: Rate | undefined;
}

/** Says what a service may do. The answer may change from call to call. */
export interface Policy {
  /** Undefined for a service that may call nothing. */
  grantOf(caller: string): Grant | undefined;
}

const everything: Grant = {
  methods: undefined,
  kinds: undefined,
  actAsUsers: true,
  actAsSystem: true,
  rate: undefined,
};

/** Every service of the list may call everything; an empty list means every service that proved its name. */
export function allowServices(services: readonly string[]): Policy {
  const allowed = new Set(services);
  return { grantOf: (caller) => (allowed.size === 0 || allowed.has(caller) ? everything : undefined) };
}
