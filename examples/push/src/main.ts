// Decides who is told of what is said in rooms, and tells them.
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { connectMaru } from "@maru/client";
import { findRunning } from "@maru/devstack/servers";
import { ROOM_EVENTS_TOPIC } from "@maru/protocol";
import { deliverTo } from "./deliver-to.ts";
import { maruPresence } from "./presence.ts";
import { startPush } from "./start-push.ts";

const help = `usage: node examples/push/src/main.ts [options]     tells people what they miss, until Ctrl-C

Members of a room who are not connected to a gateway, have not read, and have not muted the room get a push of what others
say; what a sender says within a short time comes as one. Pushes are printed, one JSON object a line, or posted. It uses the
Maru that "npm start" runs, or MARU_ADDRESS, MARU_TOKEN and KAFKA_BROKERS.

  --endpoint URL    post each push there as JSON, with its id in the header idempotency-key (default: print it)
  --window-ms N     how long a sender's messages are joined (default 3000)
  --file F          what is to be told yet (default: maru-push.sqlite in the folder for temporary files)
  --group G         the consumer group (default: push)
  --topic T         the topic (default: that of room events)
  --help
`;

const { values } = parseArgs({
  options: {
    endpoint: { type: "string" },
    "window-ms": { type: "string", default: "3000" },
    file: { type: "string", default: join(tmpdir(), "maru-push.sqlite") },
    group: { type: "string", default: "push" },
    topic: { type: "string", default: ROOM_EVENTS_TOPIC },
    help: { type: "boolean", default: false },
  },
});

try {
  if (values.help) process.stdout.write(help);
  else await work();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 1;
}

async function work(): Promise<void> {
  const windowMs = Number(values["window-ms"]);
  if (!Number.isInteger(windowMs) || windowMs < 0) throw new RangeError("--window-ms must be a whole number from 0 on");
  const { MARU_ADDRESS, MARU_TOKEN = "", KAFKA_BROKERS } = process.env;
  const given = MARU_ADDRESS && KAFKA_BROKERS;
  const running = given
    ? { grpcAddress: MARU_ADDRESS, token: MARU_TOKEN, brokers: KAFKA_BROKERS.split(",") }
    : await findRunning();
  if (running === undefined)
    throw new Error('no "npm start" is running, and MARU_ADDRESS and KAFKA_BROKERS are not set');
  const { grpcAddress: address, token, brokers } = running;
  const { endpoint, file, group, topic } = values;
  await using maru = connectMaru({ address, token });
  await using pushes = await startPush({
    maru,
    presence: maruPresence(maru),
    deliver:
      endpoint === undefined
        ? async (push) => void process.stdout.write(`${JSON.stringify(push)}\n`)
        : deliverTo(endpoint),
    onError: ({ roomId }, error) => process.stderr.write(`a push of room ${roomId} waits: ${error}\n`),
    brokers: [...brokers],
    file,
    group,
    topic,
    windowMs,
  });
  process.stderr.write(`what is to be told yet is in ${file}; stop with Ctrl-C\n`);
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => void pushes.close());
  await pushes.done;
}
