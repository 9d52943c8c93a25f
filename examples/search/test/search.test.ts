import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { promisify } from "node:util";
import { connectMaru, service, text, user } from "@maru/client";
import { scratchName } from "@maru/devstack";
import { openFleet } from "@maru/devstack/servers";
import { expect, inject, test } from "vitest";
import { searchMessages } from "../src/search-messages.ts";

const main = join(import.meta.dirname, "../src/main.ts");
const patience = { timeout: 30_000, interval: 50 };

test("messages that are sent are found, also by a follower that was stopped and started again", async () => {
  const { dynamodb, kafka } = inject("stack");
  const folder = mkdtempSync(join(tmpdir(), "maru-search-"));
  const file = join(folder, "index.sqlite");
  const topic = scratchName("search-events");
  await using fleet = await openFleet({
    dynamodbEndpoint: dynamodb.endpoint,
    brokers: kafka.brokers,
    env: {
      MARU_KAFKA_REPLICATION: "1",
      MARU_TABLE: scratchName("search"),
      MARU_CONTROL_TABLE: scratchName("search-control"),
      MARU_KAFKA_TOPIC: topic,
      MARU_KAFKA_READ_MARKERS_TOPIC: scratchName("search-markers"),
    },
  });
  await fleet.setUp();
  const server = await fleet.startServer({ name: "server" });
  const token = await fleet.token("shop");
  const env = {
    ...process.env,
    MARU_ADDRESS: server.grpcAddress,
    MARU_TOKEN: token,
    KAFKA_BROKERS: kafka.brokers.join(","),
  };
  const options = ["--file", file, "--group", scratchName("search-group"), "--topic", topic];
  const follow = () => spawn(process.execPath, [main, ...options], { env, stdio: ["ignore", "inherit", "ignore"] });
  let follower: ChildProcess = follow();
  try {
    await using maru = connectMaru({ address: server.grpcAddress, token });
    const { room } = await maru.rooms.create({ actor: service(), kind: "group", members: [{ userId: "ann" }] });
    const roomId = room?.roomId ?? "";
    const say = async (words: string) => {
      const { entry } = await maru.messages.send({ roomId, actor: user("ann"), content: text(words) });
      return entry?.seq ?? 0;
    };
    const find = (words: string) => {
      using db = new DatabaseSync(file, { readOnly: true });
      return searchMessages(db, { words, limit: 10 }).map(({ seq }) => seq);
    };
    const first = await say("a lamp of brass");
    await expect.poll(() => find("brass"), patience).toEqual([first]);

    follower.kill("SIGTERM");
    expect((await once(follower, "exit"))[0]).toBe(0);
    await maru.messages.edit({ roomId, actor: user("ann"), seq: first, content: text("a lamp of copper") });
    const second = await say("is it copper?");
    follower = follow();
    await expect.poll(() => find("copper").sort(), patience).toEqual([first, second]);
    expect(find("brass")).toEqual([]);

    const { stdout } = await promisify(execFile)(process.execPath, [main, "--file", file, "--user", "ann", "lamp"]);
    expect(stdout).toMatch(new RegExp(`^${roomId} ${first} {2}\\S+ {2}user ann: a \\[lamp\\] of copper\n$`));
    follower.kill("SIGINT");
    expect((await once(follower, "exit"))[0]).toBe(0);
  } finally {
    follower.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  }
});
