import { create } from "@bufbuild/protobuf";
import { CreateRoomRequestSchema, SendMessageRequestSchema } from "@maru/protocol";
import { sendMessage } from "../../src/domain/messages/send.ts";
import { createRoom } from "../../src/domain/rooms/create.ts";
import { uuidv7 } from "../model/uuidv7.ts";
import { call, type Servers } from "./servers.ts";
import type { World } from "./world.ts";

const maxTries = 8;

/** Makes the rooms, before there are any faults. */
export async function createRooms(world: World, servers: Servers): Promise<string[]> {
  const { dice, time, weather } = world;
  world.isCalm = true;
  const rooms: string[] = [];
  for (let index = 0; index < weather.roomCount; index++) {
    const request = create(CreateRoomRequestSchema, {
      actor: { kind: { case: "service", value: {} } },
      kind: "group",
      members: [{ userId: "ada" }],
      idempotencyKey: uuidv7(dice, time.nowMs()),
    });
    const { room } = await servers.call((domain) => createRoom(domain, call, request));
    rooms.push(room.roomId);
  }
  world.isCalm = false;
  return rooms;
}

/** Sends one message after the other, each with its key until it is acknowledged or too many tries have failed. */
export async function send(world: World, servers: Servers, rooms: readonly string[], name: string): Promise<void> {
  const { dice, time, weather, history, twist } = world;
  for (let number = 1; number <= weather.messagesPerSender; number++) {
    const roomId = dice.pick(rooms);
    const text = `${name}-${number}`;
    let key = uuidv7(dice, time.nowMs());
    for (let tries = 1; tries <= maxTries; tries++) {
      if (twist.newKeyForRetry) key = uuidv7(dice, time.nowMs());
      const request = create(SendMessageRequestSchema, {
        roomId,
        actor: { kind: { case: "userId", value: "ada" } },
        content: { kind: { case: "text", value: { text } } },
        idempotencyKey: key,
      });
      try {
        const { seq } = await servers.call((domain) => sendMessage(domain, call, request));
        history.note(`${text} is ${seq} of ${roomId}`);
        history.acked.push({ roomId, seq, text });
        break;
      } catch (error) {
        history.note(`${text}: ${error}`);
        history.count("sends that were tried again");
        await time.sleep(dice.next() * 200);
      }
    }
    await time.sleep(dice.next() * dice.pick([0, 20, 200]));
  }
}
