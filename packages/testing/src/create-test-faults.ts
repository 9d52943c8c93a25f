import type { HostedBroker } from "./create-memory-broker.ts";
import { type EventFaults, isOf } from "./event-faults.ts";
import type { Fault, TestFaults } from "./test-faults.ts";

export interface TestFaultsDeps {
  readonly events: EventFaults;
  readonly hosted: HostedBroker;
  /** Of the room events. */
  readonly topic: string;
  /** Counts the reasons for which the table cannot be had. */
  readonly outages: Set<object>;
}

export function createTestFaults({ events, hosted, topic, outages }: TestFaultsDeps): TestFaults {
  const { logOf, groupOf } = hosted;
  const textOf = (key: Uint8Array) => Buffer.from(key).toString();

  return {
    repeat(which = {}) {
      const again = logOf(topic)
        .topic.records()
        .filter(({ key, headers }) => isOf(which, { key: textOf(key), headers }));
      for (const { partition, key, value, headers } of again) logOf(topic).append({ partition, key, value, headers });
      return again.length;
    },
    hole: (which = {}, times = 1) => events.hole(which, times),
    disorder: (which = {}, times = 1) => events.disorder(which, times),
    delay: (which = {}) => events.delay(which, false),
    relayDown: () => events.delay({}, true),
    serverUnavailable() {
      const outage = {};
      outages.add(outage);
      return faultUntil(() => outages.delete(outage));
    },
    rebalance: (group) => groupOf(group).rebalance(),
    expel(group) {
      const [member] = groupOf(group).members;
      if (member === undefined) throw new Error(`group ${group} has no member that could be expelled`);
      void groupOf(group).expel(member);
      return faultUntil(() => void groupOf(group).readmit(member));
    },
    forgetOffsets: (group) => groupOf(group).forget(),
    dropRecords() {
      for (const [partition, { highOffset }] of logOf(topic).partitions.entries()) {
        logOf(topic).dropBefore(partition, highOffset);
      }
    },
  };
}

function faultUntil(onEnd: () => void): Fault {
  let isOver = false;
  const end = () => {
    if (!isOver) onEnd();
    isOver = true;
  };
  return { count: 1, end, [Symbol.dispose]: end };
}
