/**
 * Lets those who ask for the same thing at once share one read that began after each of them had asked: one is under
 * way, and one more waits for it to end, for those who came meanwhile.
 */
export interface SharedReads {
  /** What is read under one key must be the same thing for all who ask. */
  read<Result>(key: string, read: () => Promise<Result>): Promise<Result>;
}

interface Turn {
  readonly running: Promise<unknown>;
  next: Promise<unknown> | undefined;
}

export function createSharedReads(): SharedReads {
  const turns = new Map<string, Turn>();

  function begin<Result>(key: string, read: () => Promise<Result>): Promise<Result> {
    const running = read();
    const turn: Turn = { running, next: undefined };
    turns.set(key, turn);
    const end = () => {
      if (turn.next === undefined) turns.delete(key);
    };
    running.then(end, end);
    return running;
  }

  return {
    read<Result>(key: string, read: () => Promise<Result>): Promise<Result> {
      const turn = turns.get(key);
      if (turn === undefined) return begin(key, read);
      const again = () => begin(key, read);
      turn.next ??= turn.running.then(again, again);
      return turn.next as Promise<Result>;
    },
  };
}
