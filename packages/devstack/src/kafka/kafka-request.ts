import { createConnection } from "node:net";

/** Sends one request of Kafka's protocol over a connection of its own and returns the answer's body. Not for flexible versions. */
export function kafkaRequest(
  port: number,
  request: { apiKey: number; version: number; body: Buffer },
  timeoutMs = 2_000,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket = createConnection({ host: "127.0.0.1", port });
    let received = Buffer.alloc(0);
    socket.setTimeout(timeoutMs, () => socket.destroy(new Error(`The broker at port ${port} did not answer.`)));
    socket.once("connect", () => socket.write(frame(request)));
    socket.on("data", (chunk) => {
      received = Buffer.concat([received, chunk]);
      if (received.length < 4 || received.length < 4 + received.readInt32BE(0)) return;
      resolve(received.subarray(8)); // after the size and the correlation id
      socket.destroy();
    });
    socket.once("error", reject);
    socket.once("close", () => reject(new Error(`The broker at port ${port} closed the connection.`)));
  });
}

function frame(request: { apiKey: number; version: number; body: Buffer }): Buffer {
  const clientId = Buffer.from("maru-devstack");
  const header = Buffer.alloc(14);
  header.writeInt32BE(10 + clientId.length + request.body.length, 0);
  header.writeInt16BE(request.apiKey, 4);
  header.writeInt16BE(request.version, 6);
  header.writeInt32BE(1, 8); // correlation id
  header.writeInt16BE(clientId.length, 12);
  return Buffer.concat([header, clientId, request.body]);
}
