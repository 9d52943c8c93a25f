import type { VirtualProcess } from "./virtual-time.ts";

export interface VirtualTimer {
  /** Not to be changed while it is in a queue. */
  atMs: number;
  /** Decides among those of the same time. */
  tie: number;
  readonly process: VirtualProcess | undefined;
  readonly callback: () => void;
  cancelled: boolean;
}

/** Timers by their time: a binary heap. */
export interface TimerQueue {
  add(timer: VirtualTimer): VirtualTimer;
  /** The next one that is not cancelled. */
  take(): VirtualTimer | undefined;
}

export function createTimerQueue(): TimerQueue {
  const heap: VirtualTimer[] = [];

  function isBefore(a: number, b: number): boolean {
    const [one, other] = [heap[a], heap[b]];
    if (one === undefined || other === undefined) return one !== undefined;
    return one.atMs < other.atMs || (one.atMs === other.atMs && one.tie < other.tie);
  }

  function swap(a: number, b: number): void {
    [heap[a], heap[b]] = [heap[b] as VirtualTimer, heap[a] as VirtualTimer];
  }

  function pop(): VirtualTimer | undefined {
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first;
    heap[0] = last;
    for (let at = 0; ; ) {
      const child = isBefore(2 * at + 2, 2 * at + 1) ? 2 * at + 2 : 2 * at + 1;
      if (child >= heap.length || !isBefore(child, at)) return first;
      swap(at, child);
      at = child;
    }
  }

  return {
    add(timer) {
      heap.push(timer);
      for (let at = heap.length - 1; at > 0; ) {
        const parent = (at - 1) >> 1;
        if (!isBefore(at, parent)) break;
        swap(at, parent);
        at = parent;
      }
      return timer;
    },
    take() {
      for (;;) {
        const timer = pop();
        if (!timer?.cancelled) return timer;
      }
    },
  };
}
