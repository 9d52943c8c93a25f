import { listDeadLetters, redriveDeadLetters } from "@maru/client/events";
import type { VirtualProcess } from "./virtual-time.ts";
import { group, type World } from "./world.ts";

/** Whoever looks after the dead letters of the group. */
export interface Operator {
  /** Asks the group to try all again, without waiting for it. */
  redrive(): Promise<void>;
  /** How many dead letters there are. */
  count(): Promise<number>;
}

export function startOperator(world: World): Operator {
  const { hosted, time, history, weather } = world;
  const process: VirtualProcess = { name: "operator", state: "running" };
  const options = { brokers: hosted.broker, group };
  return {
    redrive: () =>
      time.within(process, async () => {
        if (weather.onFailure === "stop") return;
        const { requested } = await redriveDeadLetters({ ...options, all: true });
        if (requested > 0) history.note(`asks to try ${requested} dead letters again`);
      }),
    count: () =>
      time.within(process, async () =>
        weather.onFailure === "stop" ? 0 : (await Array.fromAsync(await listDeadLetters(options))).length,
      ),
  };
}
