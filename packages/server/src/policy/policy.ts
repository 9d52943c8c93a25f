/** Says which service may call what. `method` is `maru.chat.v1.MessageService/SendMessage`. */
export interface Policy {
  allow(caller: string, method: string): boolean;
}

/** Every service of the list may call everything; an empty list means every service that proved its name. */
export function allowServices(services: readonly string[]): Policy {
  const allowed = new Set(services);
  return { allow: (caller) => allowed.size === 0 || allowed.has(caller) };
}
