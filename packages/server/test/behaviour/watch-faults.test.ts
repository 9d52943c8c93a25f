import { connectMaru, type Maru, watchRoom } from "@maru/client";
import { scratchName } from "@maru/devstack";
import type { ServerNode } from "@maru/devstack/servers";
import { type Fleet, openFleet } from "@maru/devstack/servers";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { openRoom, say } from "./scene.ts";
import type { Protocol } from "./world.ts";

let fleet: Fleet;
let token: string;
let servers: readonly ServerNode[];
beforeAll(async () => {
  fleet = await openFleet({
    dynamodbEndpoint: inject("stack").dynamodb.endpoint,
    brokers: [],
    env: {
      MARU_ROLES: "api",
      MARU_KAFKA_REPLICATION: "1",
      MARU_TABLE: scratchName("watch"),
      MARU_CONTROL_TABLE: scratchName("watch-control"),
    },
  });
  await fleet.setUp();
  token = await fleet.token("tests");
  servers = [await fleet.startServer({ name: "one" }), await fleet.startServer({ name: "two" })];
});
afterAll(() => fleet?.close());

const timeout = 30_000;
const addressOf = (protocol: Protocol) => (server: ServerNode) =>
  protocol === "gRPC" ? server.grpcAddress : `http://${server.httpAddress}`;

const faults: Record<
  string,
  {
    does: (victim: ServerNode) => Promise<void>;
    mend: (victim: ServerNode) => Promise<void>;
    interrupted: RegExp | undefined;
  }
> = {
  "shuts down": { does: (victim) => victim.kill("SIGTERM"), mend: restart, interrupted: undefined },
  "is killed": { does: (victim) => victim.kill("SIGKILL"), mend: restart, interrupted: /./ },
  hangs: {
    does: (victim) => victim.kill("SIGSTOP"),
    mend: (victim) => victim.kill("SIGCONT"),
    interrupted: /silent for 2500 ms/,
  },
};

async function restart(victim: ServerNode): Promise<void> {
  await victim.start();
  await victim.waitUntilHealthy();
}

async function watches(server: ServerNode): Promise<boolean> {
  const metrics = await (await fetch(`http://${server.httpAddress}/metrics`)).text();
  return /^maru_rooms_watched [1-9]/m.test(metrics);
}

describe.each(["gRPC", "Connect"] as const)("over %s", (protocol) => {
  test.each(Object.keys(faults))(
    "when the server of a watch %s, it goes on at the other, and each entry comes once and in order",
    async (name) => {
      const fault = faults[name];
      if (fault === undefined) throw new Error("a fault is needed");
      await using both = connectMaru({ address: servers.map(addressOf(protocol)), token, timeoutMs: timeout });
      const roomId = await openRoom(both, ["ann"]);
      const watched = follow(both, roomId);
      await expect
        .poll(async () => (await Promise.all(servers.map(watches))).filter(Boolean).length, { timeout })
        .toBe(1);
      const at = (await Promise.all(servers.map(watches))).indexOf(true);
      const [victim, survivor] = at === 0 ? servers : servers.toReversed();
      if (victim === undefined || survivor === undefined) throw new Error("two servers are needed");
      await using writer = connectMaru({ address: addressOf(protocol)(survivor), token, timeoutMs: timeout });

      for (let n = 0; n < 10; n++) await say(writer, roomId, `before ${n}`);
      const fallen = fault.does(victim);
      for (let n = 0; n < 60; n++) await say(writer, roomId, `while ${n}`);
      await expect.poll(() => watched.seqs.length, { timeout }).toBe(71);
      expect(watched.seqs).toEqual(Array.from({ length: 71 }, (_, index) => index + 1));
      if (fault.interrupted === undefined) expect(watched.interrupted).toEqual([]);
      else expect(watched.interrupted.join()).toMatch(fault.interrupted);
      expect(await watches(survivor)).toBe(true);
      await watched.stop();
      await fallen;
      await fault.mend(victim);
      await expect.poll(() => watches(survivor), { timeout }).toBe(false);
    },
    120_000,
  );
});

function follow(maru: Maru, roomId: string) {
  const leaving = new AbortController();
  const seqs: number[] = [];
  const interrupted: string[] = [];
  const options = {
    signal: leaving.signal,
    onInterrupted: ({ message }: Error) => {
      interrupted.push(message);
    },
  };
  const run = async () => {
    for await (const { seq } of watchRoom(maru, { roomId, heartbeatMs: 1_000 }, options)) seqs.push(seq);
  };
  const end = run().catch((error: unknown) => error);
  const stop = async () => {
    leaving.abort();
    expect(await end).toMatchObject({ code: "CANCELLED" });
  };
  return { seqs, interrupted, stop };
}
