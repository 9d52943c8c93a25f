// The abusers, in a process of their own: what their misbehaving costs them is not in what others notice.
import { carryOut } from "../measure/worker.ts";
import type { AbuseOrders, Attack, AttackResult } from "./abuse-orders.ts";
import { type Attacking, misbehave } from "./misbehave.ts";

let running: { readonly attacking: Attacking; readonly stop: AbortController; readonly ended: Promise<unknown> };

async function begin(attack: Attack): Promise<void> {
  const stop = new AbortController();
  const attacking: Attacking = { entered: 0, failed: 0, closes: {}, offeredBytes: 0 };
  const begun: Promise<void>[] = [];
  const ended = Array.from({ length: attack.abusers }, () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    begun.push(promise);
    return misbehave(attack, attacking, { signal: stop.signal, onBegun: resolve });
  });
  running = { attacking, stop, ended: Promise.all(ended) };
  await beforeDeadline(Promise.all(begun), () => `not all ${attack.abuse} are at it: ${JSON.stringify(attacking)}`);
}

async function end(): Promise<AttackResult> {
  running.stop.abort();
  await running.ended;
  return running.attacking;
}

const beginsWithinMs = 30_000;

async function beforeDeadline(begun: Promise<unknown>, otherwise: () => string): Promise<void> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(otherwise())), beginsWithinMs);
  await Promise.race([begun, promise]).finally(() => clearTimeout(timer));
}

carryOut({ begin, end } satisfies AbuseOrders);
