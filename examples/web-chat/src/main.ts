// Serves the chat page and its calls.
import { parseArgs } from "node:util";
import { connectMaru } from "@maru/client";
import { startWebChat } from "./start-web-chat.ts";

const help = `usage: node examples/web-chat/src/main.ts

Serves the chat page until Ctrl-C. "npm start" runs it beside the server; on its own it needs:

  MARU_ADDRESS        a server, 127.0.0.1:50051
  MARU_TOKEN          a token for the service "web-chat"; another name works too
  MARU_TOKEN_KEY      what the gateway checks users' tokens with
  MARU_GATEWAY_URL    the gateway as browsers reach it, ws://127.0.0.1:8081
  MARU_HTTP_ADDRESS   where to listen (default 127.0.0.1:8090)
  WEB_CHAT_PAYMENT_MS how long a payment of the demo takes (default 1500)
`;

const { values } = parseArgs({ options: { help: { type: "boolean", default: false } } });

try {
  if (values.help) process.stdout.write(help);
  else await serve();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 1;
}

async function serve(): Promise<void> {
  const { MARU_HTTP_ADDRESS = "127.0.0.1:8090", WEB_CHAT_PAYMENT_MS = "1500" } = process.env;
  const [, host = "", port = ""] = /^(.+):(\d+)$/.exec(MARU_HTTP_ADDRESS) ?? [];
  await using maru = connectMaru({ address: given("MARU_ADDRESS"), token: given("MARU_TOKEN") });
  await using page = await startWebChat({
    maru,
    gatewayUrl: given("MARU_GATEWAY_URL"),
    tokenKey: given("MARU_TOKEN_KEY"),
    host,
    port: Number(port),
    paymentMs: Number(WEB_CHAT_PAYMENT_MS),
  });
  process.stderr.write(`the page is at ${page.url}; stop with Ctrl-C\n`);
  await new Promise((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, resolve);
  });
}

function given(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === "") throw new Error(`${name} is not set: see --help`);
  return value;
}
