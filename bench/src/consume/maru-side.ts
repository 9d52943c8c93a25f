import { connectMaru } from "@maru/client";
import { subscribe } from "@maru/client/events";
import { carryOut } from "../measure/worker.ts";
import type { SideOrders } from "./side-orders.ts";
import { startStopwatch } from "./stopwatch.ts";

/** The typed consumer, as the README has it: each event is decoded, checked for repeats and holes, handled, committed. */
const orders: SideOrders = {
  async consume({ brokers, topic, group, count }) {
    await using maru = connectMaru({ address: "127.0.0.1:1" }); // nothing is missing, so it is never called
    const watch = startStopwatch(count);
    await using consumer = await subscribe(
      maru,
      { brokers, group, topic },
      {
        messageSent({ body }) {
          if (body.content?.kind.case === "text") watch.count(1);
        },
      },
    );
    return await Promise.race([watch.done, consumer.done.then(() => Promise.reject(new Error("the consumer ended")))]);
  },
};
carryOut(orders);
