// A program that starts a stack, prints its processes as one JSON line, and waits. On SIGINT it looks whether the engines
// still serve, closes the stack and prints that too.
import { startStack } from "../../src/index.ts";

const stack = await startStack({ dynamodb: true, kafka: process.argv[2] === "kafka", redis: true });
const nodes = [stack.dynamodb?.node(), stack.redis?.node(1), stack.kafka?.node(1)];
process.on("SIGINT", async () => {
  const control = await fetch(`${stack.dynamodb?.controlEndpoint}/health`).catch((error: Error) => error);
  const served = control instanceof Response && control.ok;
  await stack.close();
  console.log(JSON.stringify({ servedWhileDraining: served }));
  process.exit(0);
});
const pids = nodes.flatMap((node) => node?.pid ?? []);
console.log(JSON.stringify({ pids, folder: stack.folder }));
setInterval(() => undefined, 60_000);
