import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startMemoryServer } from "../memory-server.ts";
import { createClients } from "./clients.ts";
import type { OwnedCase, OwnedServer, OwnedServerOptions } from "./owned-case.ts";
import { recordedTransport } from "./recorded-transport.ts";
import { Transcript } from "./transcript.ts";
import { openWires, type Wire } from "./wires.ts";

/** Throws where the server does not conform, and where the case did not do what it says that it does. */
export async function runOwnedCase(one: OwnedCase, wireName: Wire["name"]): Promise<Transcript> {
  const transcript = new Transcript();
  await using started = new AsyncDisposableStack();
  const start = async (options: OwnedServerOptions = {}): Promise<OwnedServer> => {
    const settings = { ...options.settings, ...(await policySettings(started, options.policy)) };
    const server = started.use(await startMemoryServer(settings, options.nowMs, options.distort));
    const { grpcAddress, httpAddress } = server;
    const wires = openWires({ grpcAddress, grpcTls: false, httpUrl: `http://${httpAddress}` });
    for (const wire of wires) started.defer(() => wire.close());
    const wire = wires.find(({ name }) => name === wireName);
    if (wire === undefined) throw new Error(`there is no wire ${wireName}`);
    const withToken = (token: string | undefined) =>
      createClients(recordedTransport(wire.transport, token, transcript));
    const other = withToken(await server.tokenOf("others"));
    return { ...withToken(server.token), other, withToken, kinds: { group: "group", direct: "direct" }, server };
  };
  await one.run(start);
  const missing = one.refuses.filter((reason) => !transcript.reasons.has(reason));
  if (missing.length > 0) throw new Error(`the case says so, and did not meet ${missing.join(", ")}`);
  return transcript;
}

async function policySettings(
  started: AsyncDisposableStack,
  policy: string | undefined,
): Promise<Record<string, string>> {
  if (policy === undefined) return {};
  const folder = await mkdtemp(join(tmpdir(), "maru-conformance-"));
  started.defer(() => rm(folder, { recursive: true }));
  const path = join(folder, "policy.yaml");
  await writeFile(path, policy);
  return { MARU_POLICY_FILE: path };
}
