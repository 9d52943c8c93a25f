import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { ClientFrameSchema } from "@maru/protocol/realtime";
import { WebSocket } from "ws";

/** Where a room's entries can be had over a socket. */
export interface RoomDoor {
  readonly url: string;
  readonly token: string;
  readonly roomId: string;
}

/** A socket that follows the room. Rejects when it is closed before it does. */
export async function enterRoom({ url, token, roomId }: RoomDoor): Promise<WebSocket> {
  const socket = await openWebSocket(url, ["maru.v1.protobuf"]);
  // Two frames: the welcome, and that it follows.
  const heard = new Promise<void>((resolve, reject) => {
    let frames = 0;
    const onMessage = (data: Buffer) => {
      frames += framesIn(data);
      if (frames < 2) return;
      socket.off("message", onMessage).off("close", onClose);
      resolve();
    };
    const onClose = (code: number) => reject(new Error(`the gateway closed a socket with ${code} before it followed`));
    socket.on("message", onMessage).on("close", onClose);
  });
  send(socket, { case: "hello", value: { token, client: "bench" } });
  send(socket, { case: "resume", value: { rooms: [{ roomId, seq: 1 }] } });
  await heard;
  return socket;
}

/** Resolves once it is open. */
export async function openWebSocket(url: string, protocols: string[]): Promise<WebSocket> {
  const socket = new WebSocket(url, protocols, { perMessageDeflate: false });
  await new Promise((resolve, reject) => socket.once("open", resolve).once("error", reject));
  return socket;
}

function send(socket: WebSocket, kind: MessageInitShape<typeof ClientFrameSchema>["kind"] & object): void {
  socket.send(toBinary(ClientFrameSchema, create(ClientFrameSchema, { kind })));
}

function framesIn(data: Buffer): number {
  let count = 0;
  // Field 1, length-delimited: each frame of ServerFrames.
  for (let at = 0; at < data.length; count++) {
    let length = 0;
    let shift = 0;
    at++;
    for (let more = true; more; shift += 7) {
      const byte = data[at++] ?? 0;
      length |= (byte & 0x7f) << shift;
      more = byte > 0x7f;
    }
    at += length;
  }
  return count;
}
