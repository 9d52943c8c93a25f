import { connectMaru, service, text, user } from "@maru/client";
import { ensureTopic } from "@maru/kafka";
import { startTestMaru } from "@maru/testing";
import { expect, inject, test } from "vitest";
import { findCommand } from "../../client/src/cli/commands.ts";

test("tail begins in the table where it is told to, and where-is asks the server", async () => {
  await using server = await startTestMaru();
  const token = await server.token();
  await using maru = connectMaru({ address: server.grpcAddress, token: () => token });
  const { room } = await maru.rooms.create({ actor: service(), kind: "group", members: [{ userId: "ada" }] });
  const roomId = room?.roomId ?? "";
  const words = ["one", "two"];
  for (const word of words) await maru.messages.send({ roomId, actor: user("ada"), content: text(word) });
  const { brokers } = inject("stack").kafka;
  const topic = `tail-${roomId}`;
  await ensureTopic({ brokers, clientId: "test" }, { topic, partitionCount: 1, replicationFactor: 1 });

  const run = async (name: string, ...args: string[]) => {
    const output = { out: "", err: "" };
    const command = await findCommand(name);
    const code = await command.run(["--room", roomId, ...args], {
      env: { MARU_ADDRESS: server.grpcAddress, MARU_TOKEN: token, KAFKA_BROKERS: brokers.join(",") },
      signal: AbortSignal.timeout(20_000),
      print: (text) => {
        output.out += text;
      },
      note: (text) => {
        output.err += text;
      },
    });
    return { ...output, code };
  };
  const tail = await run("tail", "--topic", topic, "--from", "2", "--limit", "2");
  expect(tail.code).toBe(0);
  expect(tail.out.trim().split("\n")).toEqual(words.map((word) => expect.stringContaining(`"${word}"`)));
  expect(tail.out).toContain("[from the table]");
  expect((await run("where-is", "--seq", "3")).out).toMatch(
    new RegExp(`^${roomId}/3 {2}message_sent\n {2}table {3}stored`),
  );
  expect(await run("where-is", "--seq", "9")).toMatchObject({ out: expect.stringContaining("newest is 3"), code: 1 });
});
