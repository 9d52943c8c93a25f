import { EventHeader } from "@maru/protocol";
import type { OutgoingEvent } from "@maru/server/relay/to-event.ts";
import type { Fault, WhichEvents } from "./test-faults.ts";

/** The way of events to their topics, with what can go wrong on it. */
export interface EventFaults {
  emit(event: OutgoingEvent): void;
  hole(which: WhichEvents, times: number): Fault;
  disorder(which: WhichEvents, times: number): Fault;
  /** @param isAll whether one event that matches holds back all others, or those of its room */
  delay(which: WhichEvents, isAll: boolean): Fault;
}

/** Takes an event out of the way, and says so. */
type Rule = (event: OutgoingEvent) => boolean;

export function createEventFaults(deliver: (event: OutgoingEvent) => void): EventFaults {
  const rules = new Set<Rule>();

  function emit(event: OutgoingEvent): void {
    for (const rule of rules) if (rule(event)) return;
    deliver(event);
  }

  function begin(
    rule: (event: OutgoingEvent, fault: { count: number }) => boolean,
    onEnd: () => void = () => {},
  ): Fault {
    const state = { count: 0 };
    const own: Rule = (event) => rule(event, state);
    rules.add(own);
    const end = () => {
      if (!rules.has(own)) return;
      onEnd();
      rules.delete(own);
    };
    return {
      get count() {
        return state.count;
      },
      end,
      [Symbol.dispose]: end,
    };
  }

  return {
    emit,
    hole: (which, times) =>
      begin((event, fault) => {
        const strikes = fault.count < times && isOf(which, event);
        if (strikes) fault.count++;
        return strikes;
      }),
    disorder(which, times) {
      const held = new Map<string, OutgoingEvent>();
      return begin(
        (event, fault) => {
          const earlier = held.get(event.key);
          if (earlier !== undefined) {
            held.delete(event.key);
            deliver(event);
            deliver(earlier);
            return true;
          }
          if (fault.count >= times || !isOf(which, event)) return false;
          fault.count++;
          held.set(event.key, event);
          return true;
        },
        () => {
          for (const event of held.values()) deliver(event);
        },
      );
    },
    delay(which, isAll) {
      const held: OutgoingEvent[] = [];
      const isStopped = (event: OutgoingEvent) =>
        held.length > 0 && (isAll || held.some(({ key }) => key === event.key));
      return begin(
        (event, fault) => {
          if (!isOf(which, event) && !isStopped(event)) return false;
          fault.count++;
          held.push(event);
          return true;
        },
        () => {
          for (const event of held.splice(0)) deliver(event);
        },
      );
    },
  };
}

/** Whether the event is one of those. The headers of a record say the same as those of its event. */
export function isOf(which: WhichEvents, { key, headers }: Pick<OutgoingEvent, "key" | "headers">): boolean {
  const { roomId = key, seq, type } = which;
  const hasSeq = seq === undefined || headers[EventHeader.seq] === String(seq);
  return roomId === key && hasSeq && (type === undefined || headers[EventHeader.type] === `maru.events.v1.${type}`);
}
