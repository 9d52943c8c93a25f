import { ErrorReason } from "@maru/protocol";
import { afterEach, describe, expect, test } from "vitest";
import { closeAll, framesOf, isConnected, opened, read, start, until } from "../../test/realtime-client.ts";
import { ScriptedGateway } from "../../test/scripted-gateway.ts";
import { text } from "./index.ts";

afterEach(closeAll);

describe("the connection", () => {
  test("says where it is", async () => {
    const { gateway, realtime } = await start();
    const states: string[] = [];
    realtime.onState(({ status }) => states.push(status));
    await until("it is connected", isConnected(realtime));
    expect(realtime.userId).toBe("ann");
    gateway.cut();
    await until("it is connected again", () => states.filter((state) => state === "connected").length === 2);
    await realtime.close();
    expect(states).toEqual(["connected", "waiting", "connecting", "connected", "closed"]);
    expect(realtime.state).toEqual({ status: "closed", why: undefined });
  });

  test("closed by the app, ends loops; closed for good by the gateway, makes them throw why", async () => {
    const { realtime } = await start();
    const reading = read(realtime.room("r"), 1);
    await realtime.close();
    expect(await reading).toEqual([]);

    const other = await start();
    const failing = read(other.realtime.room("r"), 1);
    await until("it is connected", isConnected(other.realtime));
    other.gateway.peer.socket.close(4201, "too many frames");
    await expect(failing).rejects.toMatchObject({ closeCode: 4201 });
    expect(other.realtime.state).toMatchObject({ status: "closed", why: { closeCode: 4201 } });
    await expect(other.realtime.room("r").send(text("x")).done).rejects.toMatchObject({ closeCode: 4201 });
  });

  test("asks for a new token when the old one has run out, and gets over a token function that fails", async () => {
    let asked = 0;
    const { gateway, realtime, warnings } = await start({
      token: async () => {
        asked++;
        if (asked === 2) throw new Error("the backend is away");
        return `token-${asked}`;
      },
    });
    await until("it is connected", isConnected(realtime));
    gateway.peer.socket.close(4100);
    await until("it is connected again", () => gateway.peers.length === 2 && isConnected(realtime)());
    const hellos = gateway.peers.flatMap(({ frames }) => framesOf(frames, "hello"));
    expect(hellos.map(({ kind }) => kind.case === "hello" && kind.value.token)).toEqual(["token-1", "token-3"]);
    expect(warnings).toMatchObject([{ cause: { message: "the backend is away" } }]);
  });

  test("with a token that cannot change is closed when it is refused, and says what the gateway said", async () => {
    const { gateway, realtime } = await start({ token: "t" });
    gateway.intercept = (peer) => {
      peer.send({ case: "error", value: { reason: ErrorReason.TOKEN_INVALID, message: "not ours" } });
      peer.socket.close(4101);
      return true;
    };
    await until("it is closed", () => realtime.state.status === "closed");
    expect(realtime.state).toMatchObject({ why: { reason: ErrorReason.TOKEN_INVALID, closeCode: 4101 } });
    expect(realtime.state.status === "closed" && realtime.state.why?.message).toContain("not ours");
  });

  test("leaves a gateway that drains for the one it names, and misses nothing", async () => {
    const { gateway, realtime } = await start();
    const next = await ScriptedGateway.start();
    opened.unshift(next);
    const room = realtime.room("r");
    gateway.append("r");
    next.append("r");
    next.append("r");
    expect(await read(room, 1)).toEqual([1]);
    gateway.peer.send({ case: "drain", value: { reconnectAfterMs: 10, url: next.url, closesAfterMs: 60_000 } });
    expect(await read(room, 1)).toEqual([2]);
    expect(next.peers).toHaveLength(1);
  });

  test("is made anew when nothing is heard for two heartbeats, and pings in time", async () => {
    const { gateway, realtime } = await start();
    gateway.limits.heartbeatMs = 40;
    gateway.limits.pingTimeoutMs = 60;
    gateway.intercept = (_, { kind }) => kind.case === "ping";
    await until("it came back", () => gateway.peers.length >= 2);
    expect(framesOf(gateway.peers[0]?.frames ?? [], "ping").length).toBeGreaterThanOrEqual(1);
    gateway.intercept = () => false;
    await until("it stays", isConnected(realtime));
  });

  test("is made anew when something comes that cannot be read", async () => {
    const { gateway, realtime, warnings } = await start();
    await until("it is connected", isConnected(realtime));
    gateway.peer.socket.send(Buffer.from([0xff, 0xff]));
    await until("it came back", () => gateway.peers.length === 2);
    expect(warnings).toHaveLength(1);
  });

  test("resumes many rooms in frames of at most 500", async () => {
    const { gateway, realtime } = await start();
    for (let index = 0; index < 1_100; index++) realtime.room(`room-${index}`);
    const rooms = () =>
      framesOf(gateway.peers[0]?.frames ?? [], "resume").map(({ kind }) =>
        kind.case === "resume" ? kind.value.rooms.length : 0,
      );
    await until("all are resumed", () => rooms().reduce((sum, count) => sum + count, 0) === 1_100);
    expect(Math.max(...rooms())).toBeLessThanOrEqual(500);
  });

  test("whose positions cannot be loaded is closed with that error", async () => {
    const positions = { load: () => Promise.reject(new Error("blocked")), save: () => {} };
    const { realtime } = await start({ positions });
    await expect(read(realtime.room("r"), 1)).rejects.toMatchObject({ cause: { message: "blocked" } });
    expect(realtime.state.status).toBe("closed");
  });
});
