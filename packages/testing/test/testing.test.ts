import { type ChildProcess, type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { createConnection, createServer } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { fromBinary } from "@bufbuild/protobuf";
import { connectMaru, ErrorReason, isReason, type Maru, service, text, user } from "@maru/client";
import { partitionOf } from "@maru/kafka";
import { HoldState, ReadMarkerEventSchema } from "@maru/protocol";
import { afterEach, describe, expect, test } from "vitest";
import { RecordsDroppedError, startTestMaru, type TestMaru } from "../src/index.ts";

const deadlineMs = 20_000;

async function createRoom(client: Maru): Promise<string> {
  const { room } = await client.rooms.create({
    actor: service(),
    kind: "group",
    members: [{ userId: "ada" }, { userId: "grace" }],
  });
  return room?.roomId ?? "";
}

function connectTo(maru: TestMaru): Maru {
  return connectMaru({ address: maru.grpcAddress, token: () => maru.token("orders") });
}

async function isListening(address: string): Promise<boolean> {
  const { hostname, port } = new URL(address.includes("://") ? address : `http://${address}`);
  const socket = createConnection({ host: hostname, port: Number(port) });
  const connected = await new Promise<boolean>((resolve) => {
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
  });
  socket.destroy();
  return connected;
}

describe("Maru in one process", () => {
  test("What the client sends arrives in the topic, in the room's order and in the partition of the room.", async () => {
    await using maru = await startTestMaru();
    await using client = connectTo(maru);
    const roomId = await createRoom(client);
    const texts = Array.from({ length: 50 }, (_, index) => `message ${index}`);
    for (const one of texts) await client.messages.send({ roomId, actor: user("ada"), content: text(one) });

    const received: string[] = [];
    const seqs: number[] = [];
    for await (const { entry, committedAt, relayedAt } of maru.events({ signal: AbortSignal.timeout(deadlineMs) })) {
      seqs.push(entry?.seq ?? 0);
      expect(committedAt).toBeDefined();
      expect(relayedAt).toBeDefined();
      if (entry?.body.case !== "messageSent") continue;
      const { kind } = entry.body.value.content ?? {};
      received.push(kind?.case === "text" ? kind.value.text : "no text");
      if (received.length === texts.length) break;
    }
    expect(received).toEqual(texts);
    expect(seqs).toEqual(Array.from({ length: texts.length + 1 }, (_, index) => index + 1));

    const records = maru.topic.records();
    expect(records.map(({ offset }) => offset)).toEqual(seqs.map((seq) => BigInt(seq - 1)));
    for (const { topic, key, partition, headers } of records) {
      expect(topic).toBe("maru.room-events.v1");
      expect(Buffer.from(key).toString()).toBe(roomId);
      expect(partition).toBe(partitionOf(roomId, maru.topic.partitionCount));
      expect(headers.ce_specversion).toBe("1.0");
    }
  });

  test("A moved read marker is in its own topic.", async () => {
    await using maru = await startTestMaru();
    await using client = connectTo(maru);
    const roomId = await createRoom(client);
    await client.messages.send({ roomId, actor: user("ada"), content: text("read me") });
    await client.reads.markRead({ roomId, actor: user("grace"), seq: 2 });

    const [record] = maru.readMarkers.records();
    if (record === undefined) throw new Error("there is no record");
    expect(Buffer.from(record.key).toString()).toBe(`${roomId}/grace`);
    expect(fromBinary(ReadMarkerEventSchema, record.value)).toMatchObject({ roomId, userId: "grace", readSeq: 2 });
  });

  test("It is the real server: refusals are typed, over gRPC and over Connect.", async () => {
    await using maru = await startTestMaru({ settings: { MARU_MAX_TEXT_BYTES: "100" } });
    for (const address of [maru.grpcAddress, maru.httpAddress]) {
      await using client = connectMaru({ address, token: () => maru.token() });
      const roomId = await createRoom(client);
      const tooLong = client.messages.send({ roomId, actor: user("ada"), content: text("x".repeat(101)) });
      await expect(tooLong).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
      const stranger = client.messages.send({ roomId, actor: user("eve"), content: text("hi") });
      await expect(stranger).rejects.toSatisfy((error) => isReason(error, ErrorReason.NOT_A_MEMBER));
      await using anonymous = connectMaru({ address });
      await expect(createRoom(anonymous)).rejects.toSatisfy((error) => isReason(error, ErrorReason.TOKEN_MISSING));
    }
  });

  test("Two side by side share nothing, keys included.", async () => {
    await using one = await startTestMaru();
    await using other = await startTestMaru();
    await using client = connectTo(one);
    const roomId = await createRoom(client);
    expect(one.topic.records()).toHaveLength(1);
    expect(other.topic.records()).toHaveLength(0);

    await using stranger = connectMaru({ address: other.grpcAddress, token: () => one.token() });
    await expect(stranger.rooms.get({ roomId })).rejects.toSatisfy((error) =>
      isReason(error, ErrorReason.TOKEN_INVALID),
    );
    await using known = connectTo(other);
    await expect(known.rooms.get({ roomId })).rejects.toSatisfy((error) => isReason(error, ErrorReason.ROOM_NOT_FOUND));
  });

  test("A held message is an event without its content, the commit brings it, and a hold that runs out is cancelled.", async () => {
    await using maru = await startTestMaru({ settings: { MARU_HOLD_EXPIRY_INTERVAL_MS: "50" } });
    await using client = connectTo(maru);
    const roomId = await createRoom(client);
    const hold = (holdMs: number) =>
      client.messages.send({ roomId, actor: user("ada"), content: text("paid"), holdMs });
    const { entry } = await hold(60_000);
    await client.messages.commit({ roomId, actor: service(), seq: entry?.seq ?? 0 });
    await hold(1);

    const told: unknown[] = [];
    for await (const { entry } of maru.events({ signal: AbortSignal.timeout(deadlineMs) })) {
      const body = entry?.body;
      if (body?.case === "messageSent") told.push([body.value.holdState, body.value.content]);
      if (body?.case === "messageCommitted") told.push(body.value.message?.content?.kind.value);
      if (body?.case !== "messageCancelled") continue;
      told.push(body.value.expired);
      break;
    }
    expect(told).toEqual([
      [HoldState.HELD, undefined],
      expect.objectContaining({ text: "paid" }),
      [HoldState.HELD, undefined],
      true,
    ]);
  });

  test("Close ends the ports, the readers and the listeners, once the rest is read.", async () => {
    const maru = await startTestMaru();
    const heard: bigint[] = [];
    const subscription = maru.topic.subscribe(({ offset }) => void heard.push(offset));
    const reading = Array.fromAsync(maru.topic, ({ offset }) => offset);
    await using client = connectTo(maru);
    await createRoom(client);
    await Promise.all([maru.close(), maru.close()]);

    expect(await reading).toEqual([0n]);
    await subscription.done;
    expect(heard).toEqual([0n]);
    expect(await isListening(maru.grpcAddress)).toBe(false);
    expect(await isListening(maru.httpAddress)).toBe(false);
  });

  test("What cannot be started says why.", async () => {
    await expect(startTestMaru({ grpcPort: 70_000 })).rejects.toThrow(
      "grpcPort must be a whole number from 0 to 65535",
    );
    await expect(startTestMaru({ partitions: 0 })).rejects.toThrow("partitions must be a whole number from 1");
    await expect(startTestMaru({ settings: { MARU_TYPO: "1" } })).rejects.toThrow("MARU_TYPO is not a setting");
    await using maru = await startTestMaru();
    for (const name of ["grpcPort", "httpPort"] as const) {
      const { port } = new URL(name === "grpcPort" ? `http://${maru.grpcAddress}` : maru.httpAddress);
      await expect(startTestMaru({ [name]: Number(port) })).rejects.toThrow(`127.0.0.1:${port}`);
    }
  });

  test("A reader that is too far behind is told how many records it missed.", async () => {
    await using maru = await startTestMaru({ maxTopicBytes: 5000 });
    await using client = connectTo(maru);
    const slow = maru.topic.read();
    const roomId = await createRoom(client);
    for (let sent = 0; sent < 20; sent++) {
      await client.messages.send({ roomId, actor: user("ada"), content: text("x".repeat(200)) });
    }
    const kept = maru.topic.records();
    expect(kept.length).toBeGreaterThan(1);
    expect(kept.at(-1)?.offset).toBe(20n);
    const error = await slow.next().catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(RecordsDroppedError);
    expect(error).toMatchObject({ topic: "maru.room-events.v1", missed: 21 - kept.length });
    expect((await maru.topic.read().next()).value).toBe(kept[0]);
  });
});

const main = join(import.meta.dirname, "../src/main.ts");
const children: ChildProcess[] = [];

afterEach(async () => {
  for (const child of children.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill("SIGKILL");
    await once(child, "exit");
  }
});

function serve(...args: string[]) {
  return untilReady(spawn(process.execPath, [main, "serve", ...args], { stdio: ["ignore", "pipe", "inherit"] }));
}

async function untilReady(child: ChildProcessByStdio<null, Readable, null>) {
  children.push(child);
  const lines: string[] = [];
  const output = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const readUntil = async (wanted: (line: string) => boolean) => {
    for (;;) {
      const { value, done } = await output.next();
      if (done === true) throw new Error(`the command ended, having said:\n${lines.join("\n")}`);
      lines.push(value);
      if (wanted(value)) return value;
    }
  };
  await readUntil((line) => line.startsWith("Maru is ready."));
  const said = lines.join("\n");
  const find = (pattern: RegExp) => pattern.exec(said)?.[1] ?? `nothing like ${pattern}`;
  return {
    child,
    said,
    readUntil,
    /** Resolves when nobody holds the other end of the pipe: the program is gone, whoever its parent was. */
    ended: async () => {
      while ((await output.next()).done !== true);
    },
    httpAddress: find(/HTTP +(http:\S+)/),
    token: find(/MARU_TOKEN=(\S+)/),
    roomId: find(/"roomId":"([^"]+)"/),
  };
}

describe("maru-testing serve", () => {
  test("It says when it is ready, serves Connect in JSON, prints events, and stops on SIGTERM.", async () => {
    const { child, said, readUntil, httpAddress, token, roomId } = await serve("--events", "--service", "orders");
    expect(said.match(/^ {2}grpcurl .*$/gm)).toHaveLength(3);
    expect(said).toContain('service "orders"');
    const response = await fetch(`${httpAddress}/maru.chat.v1.MessageService/SendMessage`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${token}` },
      body: JSON.stringify({ roomId, actor: { userId: "ada" }, content: { text: { text: "from anywhere" } } }),
    });
    expect(await response.json()).toMatchObject({ entry: { seq: 2, caller: "orders" } });
    const event = await readUntil((line) => line.includes("from anywhere"));
    expect(JSON.parse(event)).toMatchObject({ entry: { roomId, seq: 2 } });

    child.kill("SIGTERM");
    expect(await once(child, "exit")).toEqual([0, null]);
    expect(await isListening(httpAddress)).toBe(false);
  });

  test("It stops when npx was stopped, whose shell hands no signal on.", async () => {
    const viaShell = `"${process.execPath}" "${main}" serve --http-port 0 --grpc-port 0; exit 0`;
    const shell = spawn("sh", ["-c", viaShell], {
      stdio: ["ignore", "pipe", "inherit"],
      env: { ...process.env, npm_command: "exec" },
    });
    const { httpAddress, ended } = await untilReady(shell);
    shell.kill("SIGTERM");
    await ended();
    expect(await isListening(httpAddress)).toBe(false);
  });

  test("A port that is taken, and an unknown command, end it with one sentence.", async () => {
    const holder = createServer().listen(0, "127.0.0.1");
    await once(holder, "listening");
    const { port } = holder.address() as { port: number };
    for (const [args, sentence] of [
      [["serve", "--grpc-port", `${port}`], `maru-testing: --grpc-port ${port}: another program listens there\n`],
      [["bake"], "maru-testing: bake is not a command: see maru-testing --help\n"],
    ] as const) {
      const child = spawn(process.execPath, [main, ...args], { stdio: ["ignore", "ignore", "pipe"] });
      children.push(child);
      const [said, [code]] = await Promise.all([Array.fromAsync(child.stderr), once(child, "exit")]);
      expect(Buffer.concat(said).toString()).toBe(sentence);
      expect(code).toBe(1);
    }
    holder.close();
  });
});
