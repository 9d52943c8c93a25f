// The least that could send the same: a WebSocket server that sends what it is told to all who are connected.
import { createServer } from "node:http";
import { WebSocketServer } from "ws";

const [host = "", port = ""] = (process.env.MARU_HTTP_ADDRESS ?? "").split(":");
const server = createServer(async (request, response) => {
  if (request.method === "POST") {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    // One message for each line, all of one tick.
    const messages = Buffer.concat(chunks)
      .toString()
      .split("\n")
      .map((line) => Buffer.from(line, "base64"));
    for (const message of messages) for (const socket of sockets.clients) socket.send(message);
  }
  response.end();
});
const sockets = new WebSocketServer({ server, perMessageDeflate: false });
server.listen(Number(port), host);
process.once("SIGTERM", () => process.exit());
