import { parseArgs } from "node:util";
import { startReverse } from "../reverse/start-reverse.ts";
import { openWorkplace, sharedHelp, sharedOptions, UsageError, untilInterrupted } from "./options.ts";

export const reverseHelp = `usage: maru-migrate reverse [options]

Writes what happens in rooms that live in Maru back into PostgreSQL, from Maru's own events, each once, until it is stopped. Run it
from before the first cutover on. What PostgreSQL has no columns for goes to reverse-rejects.ndjson in --out.

${sharedHelp}  --address A …          gRPC addresses of Maru's servers
  --brokers A …          of Kafka
  --topic T              of room events (default maru.room-events.v1)

The token of the calling service is read from MARU_TOKEN: it must be allowed to read all rooms that were imported.
`;

export async function reverse(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      ...sharedOptions,
      address: { type: "string", multiple: true },
      brokers: { type: "string", multiple: true },
      topic: { type: "string" },
    },
  });
  if (values.help) return void process.stdout.write(reverseHelp);
  const token = process.env.MARU_TOKEN;
  if (!token) throw new UsageError("MARU_TOKEN must hold the token of the calling service");
  if (values.address === undefined || values.brokers === undefined)
    throw new UsageError("--address and --brokers must be given");
  using workplace = await openWorkplace(values);
  const signal = untilInterrupted();
  let events = 0;
  await using consumer = await startReverse({
    ...workplace,
    ...{ token, address: values.address, brokers: values.brokers },
    ...(values.topic !== undefined && { topic: values.topic }),
    onEvent: () => void events++,
  });
  const timer = setInterval(() => process.stderr.write(`${events} events written back\n`), 10_000);
  try {
    await Promise.race([
      consumer.done,
      new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true })),
    ]);
  } finally {
    clearInterval(timer);
  }
  process.stdout.write(values.json ? `${JSON.stringify({ events })}\n` : `${events} events written back\n`);
}
