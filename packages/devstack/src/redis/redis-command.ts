import { createConnection } from "node:net";

/** Sends one inline command to a Redis node over a connection of its own; returns the raw answer without the closing `+OK`. */
export function redisCommand(port: number, command: string, timeoutMs = 2_000): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = createConnection({ host: "127.0.0.1", port });
    let answer = "";
    socket.setTimeout(timeoutMs, () => socket.destroy(new Error(`Redis at port ${port} did not answer ${command}.`)));
    socket.once("connect", () => socket.write(`${command}\r\nQUIT\r\n`));
    socket.on("data", (chunk) => {
      answer += chunk.toString();
    });
    socket.once("error", reject);
    socket.once("end", () => {
      const own = answer.replace(/\+OK\r\n$/, "").trimEnd();
      if (own.startsWith("-")) reject(new Error(`Redis at port ${port} refused ${command}: ${own.slice(1)}`));
      else resolve(own);
    });
  });
}
