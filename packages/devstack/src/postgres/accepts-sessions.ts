import { createConnection } from "node:net";

const PROTOCOL_3 = 0x0003_0000;
const AUTHENTICATION = "R";
const TERMINATE = Buffer.from([0x58, 0, 0, 0, 4]);

/** Whether a user who needs no password can begin a session: while PostgreSQL starts or ends, it answers with an error. */
export function acceptsSessions(port: number, user: string, timeoutMs = 2_000): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ host: "127.0.0.1", port });
    const settle = (isAccepted: boolean) => {
      socket.end(TERMINATE);
      resolve(isAccepted);
    };
    socket.setTimeout(timeoutMs, () => settle(false));
    socket.once("connect", () => socket.write(startupMessage(user)));
    socket.once("data", (chunk) => settle(chunk.toString("latin1", 0, 1) === AUTHENTICATION));
    socket.once("end", () => settle(false));
    socket.on("error", () => resolve(false));
  });
}

function startupMessage(user: string): Buffer {
  const parameters = Buffer.from(`user\0${user}\0database\0postgres\0\0`);
  const head = Buffer.alloc(8);
  head.writeInt32BE(head.length + parameters.length, 0);
  head.writeInt32BE(PROTOCOL_3, 4);
  return Buffer.concat([head, parameters]);
}
