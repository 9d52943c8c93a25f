import { ErrorReason } from "@maru/protocol";
import type { Store } from "@maru/server/domain/store.ts";
import { MaruError } from "@maru/server/errors.ts";

/** The store, while nothing is wrong with the way to it. */
export function createUnavailableStore(store: Store, isUnavailable: () => boolean): Store {
  return new Proxy(store, {
    get(target, name: keyof Store) {
      const method = target[name] as (...args: unknown[]) => Promise<unknown>;
      return async (...args: unknown[]) => {
        if (isUnavailable()) throw new MaruError(ErrorReason.STORE_UNAVAILABLE);
        return method(...args);
      };
    },
  });
}
