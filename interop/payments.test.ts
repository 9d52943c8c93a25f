import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { cardOf, connectMaru, type Maru, service } from "@maru/client";
import { scratchName } from "@maru/devstack";
import { type Fleet, openFleet } from "@maru/devstack/servers";
import { HoldState } from "@maru/protocol";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { RemittanceSchema, RemittanceStatus } from "../examples/payments/gen/acme/remittance/v1/remittance_pb.js";
import { type DynamodbLedger, dynamodbLedger, ensureLedgerTable } from "../examples/payments/src/dynamodb-ledger.ts";
import { localDynamodb } from "../examples/payments/src/local-dynamodb.ts";
import { registerRemittances, sendRemittance } from "../examples/payments/src/send-remittance.ts";
import { steps } from "../examples/payments/src/steps.ts";
import { root } from "../scripts/published.ts";

const main = join(root, "examples/payments/src/main.ts");
const patience = { timeout: 60_000, interval: 100 };
const tables = { ledger: scratchName("ledger"), positions: scratchName("positions") };
const topic = scratchName("payments");
let fleet: Fleet;
let maru: Maru;
let ledger: DynamodbLedger;
let env: NodeJS.ProcessEnv;
const programs: ChildProcess[] = [];

beforeAll(async () => {
  const { dynamodb, kafka } = inject("stack");
  fleet = await openFleet({
    dynamodbEndpoint: dynamodb.endpoint,
    brokers: kafka.brokers,
    env: {
      MARU_TABLE: scratchName("maru"),
      MARU_CONTROL_TABLE: scratchName("control"),
      MARU_KAFKA_TOPIC: topic,
      MARU_KAFKA_READ_MARKERS_TOPIC: scratchName("markers"),
    },
  });
  await fleet.setUp();
  const server = await fleet.startServer({ name: "server" });
  const token = await fleet.token("bank");
  maru = connectMaru({ address: server.grpcAddress, token });
  env = {
    ...process.env,
    MARU_ADDRESS: server.grpcAddress,
    MARU_TOKEN: token,
    KAFKA_BROKERS: kafka.brokers.join(","),
    DYNAMODB_ENDPOINT: dynamodb.endpoint,
  };
  const client = localDynamodb(dynamodb.endpoint);
  await ensureLedgerTable(client, tables.ledger);
  ledger = dynamodbLedger(client, tables.ledger);
  await ledger.open("ann", 1000n);
  await ledger.open("bob", 0n);
  await registerRemittances(maru);
});

afterAll(async () => {
  for (const program of programs) program.kill("SIGKILL");
  await maru?.close();
  await fleet?.close();
});

function startWork(killAt = ""): ChildProcess {
  const options = ["--ledger", tables.ledger, "--positions", tables.positions, "--topic", topic, "--group", topic];
  const flags = ["--disable-warning=TimeoutNegativeWarning", main, "work", ...options];
  const program = spawn(process.execPath, flags, {
    env: { ...env, PAYMENTS_KILL_AT: killAt },
    stdio: ["ignore", "inherit", "inherit"],
  });
  programs.push(program);
  return program;
}

async function shown(roomId: string, seq: number) {
  const { entry } = await maru.messages.get({ roomId, seq });
  const message = entry?.body.case === "messageSent" ? entry.body.value : undefined;
  return { holdState: message?.holdState, status: cardOf(RemittanceSchema, message?.content)?.status };
}

test("a payment is made once and shown once, although its service is killed at every step", async () => {
  const members = [{ userId: "ann" }, { userId: "bob" }];
  const { room } = await maru.rooms.create({ actor: service(), kind: "group", members });
  const roomId = room?.roomId ?? "";
  const seq = await sendRemittance(maru, { roomId, payerId: "ann", payeeId: "bob", amountMinor: 300n });

  for (const step of steps) expect([step, ...(await once(startWork(step), "exit"))]).toEqual([step, null, "SIGKILL"]);
  expect(await shown(roomId, seq)).toEqual({ holdState: HoldState.COMMITTED, status: RemittanceStatus.CONFIRMED });

  const last = startWork();
  const next = await sendRemittance(maru, { roomId, payerId: "ann", payeeId: "bob", amountMinor: 200n });
  await expect.poll(() => shown(roomId, next), patience).toMatchObject({ status: RemittanceStatus.CONFIRMED });
  await expect.poll(() => ledger.untold(), patience).toEqual([]);
  expect([await ledger.balanceOf("ann"), await ledger.balanceOf("bob")]).toEqual([500n, 500n]);
  expect((await ledger.journal()).sort()).toEqual([`${roomId}/${seq} paid`, `${roomId}/${next} paid`].sort());
  const { entries } = await maru.events.listEntries({ roomId, after: seq });
  const tellings = ["message_committed", "card_updated"];
  expect(entries.map(({ type }) => type).sort()).toEqual([...tellings, "message_sent", ...tellings].sort());

  last.kill("SIGTERM");
  expect((await once(last, "exit"))[0]).toBe(0);
}, 240_000);
