import { connectMaru, service, text, user } from "@maru/client";
import { subscribe } from "@maru/client/events";
import { carryOut } from "../measure/worker.ts";
import { pace, watchArrivals } from "./pace.ts";
import type { SideOrders } from "./side-orders.ts";

/** Through the client, the server, the table's stream, the relay and the typed consumer. */
const orders: SideOrders = {
  async run({ address, token, brokers, topic, group, perSecond, warmUp, messages, rooms }) {
    await using maru = connectMaru({ address, token });
    const arrivals = watchArrivals(warmUp + messages, warmUp);
    await using consumer = await subscribe(
      maru,
      { brokers, topic, group },
      {
        messageSent({ body }) {
          if (body.content?.kind.case === "text") arrivals.arrived(body.content.kind.value.text);
        },
      },
    );
    const roomIds: string[] = [];
    for (let n = 0; n < rooms; n++) {
      const { room } = await maru.rooms.create({ actor: service(), kind: "group", members: [{ userId: "ann" }] });
      roomIds.push(room?.roomId ?? "");
    }
    const sending = pace(warmUp + messages, perSecond, async (n) => {
      const content = `message ${n} ${padding}`;
      arrivals.sent(content);
      await maru.messages.send({ roomId: roomIds[n % rooms] ?? "", actor: user("ann"), content: text(content) });
    });
    const ended = consumer.done.then(() => Promise.reject(new Error("the consumer ended")));
    await Promise.race([sending, ended]);
    return { delaysMs: await Promise.race([arrivals.all, ended]) };
  },
};
const padding = "and so on ".repeat(15);
carryOut(orders);
