import { setTimeout as sleep } from "node:timers/promises";
import { type NodeHandle, rollShards } from "@maru/devstack";
import type { ChaosWorld } from "./chaos-world.ts";
import type { PlannedFault } from "./plan.ts";

/** Lets a fault happen, lets it last, and puts it right; resolves when what was hit works again. */
export async function strike(world: ChaosWorld, fault: PlannedFault): Promise<void> {
  const { blow, forMs } = fault;
  if (fault.target === "shards") return rollShards(world.stack.dynamodb?.controlEndpoint ?? "");
  if (fault.target === "connection") return disturb(world, fault);
  const node = pick(nodesOf(world, fault.target), fault.which);
  if (blow === "pause") {
    await node.kill("SIGSTOP");
    await sleep(forMs);
    await node.kill("SIGCONT");
  } else {
    await (blow === "stop" ? node.stop() : node.kill("SIGKILL"));
    await sleep(forMs);
    await node.start();
  }
  await node.waitUntilHealthy();
}

async function disturb({ proxies }: ChaosWorld, { blow, which, forMs }: PlannedFault): Promise<void> {
  const proxy = pick(proxies, which);
  if (blow === "cut") proxy.cut();
  else proxy.delayMs = 50 + Math.round(which * 200);
  await sleep(forMs);
  proxy.delayMs = 0;
  proxy.resume();
}

function nodesOf(world: ChaosWorld, target: "server" | "relay" | "consumer" | "broker"): readonly NodeHandle[] {
  const nodes = { server: world.servers, relay: world.relays, consumer: world.consumers, broker: world.brokers };
  return nodes[target];
}

function pick<T>(all: readonly T[], which: number): T {
  const one = all[Math.floor(which * all.length)];
  if (one === undefined) throw new Error("there is nothing to hit");
  return one;
}
