/** Takes a listener off again. */
export type Unsubscribe = () => void;

/** Those who want to hear of something. One that throws does not keep others, or the connection, from going on. */
export interface Listeners<T> {
  readonly size: number;
  add(listener: (value: T) => void): Unsubscribe;
  tell(value: T): void;
}

/** @param onThrown is told what a listener threw */
export function createListeners<T>(onThrown: (thrown: unknown) => void): Listeners<T> {
  const listeners = new Set<{ readonly listener: (value: T) => void }>();
  return {
    get size() {
      return listeners.size;
    },
    add(listener) {
      const added = { listener };
      listeners.add(added);
      return () => void listeners.delete(added);
    },
    tell(value) {
      for (const { listener } of [...listeners]) {
        try {
          listener(value);
        } catch (thrown) {
          onThrown(thrown);
        }
      }
    },
  };
}

/** Throws it where nobody catches it, so that it shows up where the page's other faults do. */
export function throwLater(thrown: unknown): void {
  queueMicrotask(() => {
    throw thrown;
  });
}
