import { createServer } from "node:http";
import type { HandlerContext } from "@connectrpc/connect";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { Health } from "@maru/protocol/grpc";
import { type Answer, type CannedServer, type Seen, servedMethods, toSeen } from "./rpc-canned.ts";

/** A real HTTP server of connect-node with canned answers. */
export async function startHttpServer(answer: Answer, port = 0): Promise<CannedServer> {
  const seen: Seen[] = [];
  const handle = (request: object, { requestHeader, signal }: HandlerContext) => {
    const one = toSeen(request, (name) => requestHeader.get(name) ?? undefined, signal);
    seen.push(one);
    return answer(one);
  };
  const adapter = connectNodeAdapter({
    routes(router) {
      for (const method of servedMethods) router.rpc(method, handle);
      router.rpc(Health.method.watch, async function* (request, context) {
        await handle(request, context);
        for (let n = 0; n < 3; n++) yield { status: n };
        await new Promise((resolve) => context.signal.addEventListener("abort", resolve));
      });
    },
  });
  const server = createServer(adapter);
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  const bound = server.address();
  if (bound === null || typeof bound === "string") throw new Error("the server has no port");
  const kill = async () => {
    server.close();
    server.closeAllConnections();
  };
  return { address: `http://127.0.0.1:${bound.port}`, seen, kill, [Symbol.asyncDispose]: kill };
}
