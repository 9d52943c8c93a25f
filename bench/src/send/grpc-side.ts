import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { connectMaru } from "@maru/client";
import { MessageService, SendMessageRequestSchema, SendMessageResponseSchema } from "@maru/protocol";
import { messageKey } from "../contention/message-key.ts";
import { createRooms } from "../contention/rooms.ts";
import { type GrpcCaller, openGrpcCaller, toFrame } from "../measure/grpc-caller.ts";
import { messageOf300Bytes } from "../measure/message.ts";
import { carryOut } from "../measure/worker.ts";
import { type Load, type LoadResult, runLoad } from "./load.ts";
import type { Prepare, SideOrders } from "./side-orders.ts";

const userId = "user-00000001";
const path = `/${MessageService.typeName}/${MessageService.method.sendMessage.name}`;
let send: ((caller: number) => Promise<void>) | undefined;

/** SendMessage with as little around it as the puts have: one connection, and a room for each caller. */
async function prepare({ address, token, callers }: Prepare): Promise<void> {
  await using maru = connectMaru({ address, token });
  const roomIds = await createRooms(maru, callers, [userId]);
  const connection = openGrpcCaller({ address, token });
  const sends = roomIds.map((roomId) => sendTo(roomId, connection));
  send = (caller) => {
    const sendNext = sends[caller];
    if (sendNext === undefined) throw new RangeError(`there is no caller ${caller}`);
    return sendNext();
  };
}

/** Each send has a key of its own, and its answer must have the room's next number. */
function sendTo(roomId: string, connection: GrpcCaller): () => Promise<void> {
  const firstKey = messageKey();
  const framed = toFrame(toBinary(SendMessageRequestSchema, messageOf300Bytes(roomId, userId, firstKey)));
  const keyAt = framed.indexOf(firstKey);
  let tail = 1;
  return async () => {
    framed.write(messageKey(), keyAt, "latin1");
    const { entry } = fromBinary(SendMessageResponseSchema, await connection.call(path, framed));
    if (entry?.seq !== tail + 1) throw new Error(`after ${tail} the answer has number ${entry?.seq}`);
    tail++;
  };
}

function run(load: Load): Promise<LoadResult> {
  if (send === undefined) throw new Error("the side was not prepared");
  return runLoad(load, send);
}

carryOut({ prepare, run } satisfies SideOrders);
