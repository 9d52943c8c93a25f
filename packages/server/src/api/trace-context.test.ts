import { randomUUID } from "node:crypto";
import { connectMaru, type Maru, text, user } from "@maru/client";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type MemoryServer, startMemoryServer } from "../../test/memory-server.ts";

let server: MemoryServer;

beforeAll(async () => {
  server = await startMemoryServer();
});
afterAll(() => server[Symbol.asyncDispose]());

const traced = (digit: string) => `00-${digit.repeat(32)}-${digit.repeat(16)}-01`;
const by = (traceparent: string) => ({ headers: { traceparent } });

describe.each(["gRPC", "Connect"])("a trace context over %s", (wire) => {
  let maru: Maru;
  let roomId: string;
  const actor = user("ann");

  beforeAll(async () => {
    const address = wire === "gRPC" ? server.grpcAddress : `http://${server.httpAddress}`;
    maru = connectMaru({ address, token: () => server.token });
    const { room } = await maru.rooms.create({ actor, kind: "group", members: [{ userId: "ann" }] }, by(traced("1")));
    roomId = room?.roomId ?? "";
  });
  afterAll(() => maru.close());

  async function readLog(): Promise<Record<number, string>> {
    const { entries } = await maru.events.listEntries({ roomId });
    return Object.fromEntries(entries.map(({ seq, traceparent }) => [seq, traceparent]));
  }

  test("is kept on the entry that its call made, and an edit brings its own without replacing it", async () => {
    const { entry } = await maru.messages.send({ roomId, actor, content: text("one") }, by(traced("2")));
    expect(entry?.traceparent).toBe(traced("2"));
    const seq = entry?.seq ?? 0;
    const edit = await maru.messages.edit({ roomId, actor, seq, content: text("two") }, by(traced("3")));
    const { entry: plain } = await maru.messages.send({ roomId, actor, content: text("untraced") });
    expect(await readLog()).toMatchObject({
      1: traced("1"),
      [seq]: traced("2"),
      [edit.entry?.seq ?? 0]: traced("3"),
      [plain?.seq ?? 0]: "",
    });
  });

  test("is no part of the request: a repeat from another trace gets the first answer", async () => {
    const request = { roomId, actor, content: text("once"), idempotencyKey: randomUUID() };
    const { entry } = await maru.messages.send(request, by(traced("4")));
    const again = await maru.messages.send(request, by(traced("5")));
    expect(again.entry).toMatchObject({ seq: entry?.seq, traceparent: traced("4") });
  });

  test("that is not valid is ignored, and the call is not", async () => {
    const { entry } = await maru.messages.send({ roomId, actor, content: text("odd") }, by("00-what-is-this"));
    expect(entry?.traceparent).toBe("");
  });
});
