import { type Stack, startStack } from "@maru/devstack";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type MemoryServer, startMemoryServer } from "../memory-server.ts";
import { memoryTopic } from "../memory-topic-view.ts";
import { allCases } from "./all-cases.ts";
import type { ConformanceCase } from "./conformance-case.ts";
import { type Callers, runCase } from "./run-case.ts";
import type { Transcript } from "./transcript.ts";
import { openWires, type Wire, wireNames } from "./wires.ts";

let redis: Stack;
let server: MemoryServer;
let callers: Callers;
let wires: Wire[];

beforeAll(async () => {
  // Low, so that cases reach them soon.
  const limits = { MARU_MAX_EDITS: "3", MARU_MAX_REACTING_USERS: "3", MARU_MAX_PINS: "3" };
  redis = await startStack({ redis: true });
  const settings = { ...limits, MARU_REDIS_NODES: redis.redis?.nodes.join(",") ?? "" };
  server = await startMemoryServer(settings, Date.now, (store) => store, memoryTopic());
  callers = {
    token: server.token,
    otherToken: await server.tokenOf("others"),
    kinds: { group: "group", direct: "direct" },
  };
  wires = openWires({ grpcAddress: server.grpcAddress, grpcTls: false, httpUrl: `http://${server.httpAddress}` });
});

afterAll(async () => {
  for (const wire of wires) await wire.close();
  await server[Symbol.asyncDispose]();
  await redis.close();
});

const transcripts = new Map<string, Promise<Transcript>>();
function transcriptOf(one: ConformanceCase, wireName: string): Promise<Transcript> {
  const id = `${wireName} ${one.name}`;
  const wire = wires.find(({ name }) => name === wireName);
  if (wire === undefined) throw new Error(`there is no wire ${wireName}`);
  const transcript = transcripts.get(id) ?? runCase(one, wire, callers);
  transcripts.set(id, transcript);
  return transcript;
}

describe.each(wireNames)("over %s", (wireName) => {
  test.each(allCases.map((one) => [one.name, one] as const))("%s", async (_name, one) => {
    const { lines } = await transcriptOf(one, wireName);
    // The same answers, and refusals for the same reasons with the same facts, as over any other wire.
    expect(lines).toEqual((await transcriptOf(one, wireNames[0])).lines);
  });
});
