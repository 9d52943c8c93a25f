// Pays what people send each other in their rooms.
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { cardOf, connectMaru, type Maru } from "@maru/client";
import { dynamodbPositions, ensurePositionsTable } from "@maru/client/events/dynamodb";
import { findRunning } from "@maru/devstack/servers";
import { kafkaBroker } from "@maru/kafka";
import { HoldState, ROOM_EVENTS_TOPIC } from "@maru/protocol";
import { RemittanceSchema, RemittanceStatus } from "../gen/acme/remittance/v1/remittance_pb.js";
import { type DynamodbLedger, dynamodbLedger, ensureLedgerTable } from "./dynamodb-ledger.ts";
import { localDynamodb } from "./local-dynamodb.ts";
import { registerRemittances, sendRemittance } from "./send-remittance.ts";
import { startPayments } from "./start-payments.ts";
import { type AtStep, type Step, steps } from "./steps.ts";

const help = `usage: node examples/payments/src/main.ts work                     pays what is sent, until Ctrl-C
       node examples/payments/src/main.ts pay PAYER PAYEE AMOUNT   sends money, and waits for what comes of it
       node examples/payments/src/main.ts balances USER …          says what users have

Users get an account with 10000 in it when they first pay or are paid. It uses the Maru and the DynamoDB that "npm start"
runs, or MARU_ADDRESS, MARU_TOKEN, KAFKA_BROKERS and DYNAMODB_ENDPOINT.

  --ledger T               the table of accounts and journal (default: payments-ledger)
  --positions T            the table of positions (default: payments-positions)
  --group G                the consumer group (default: payments)
  --topic T                the topic (default: that of room events)
  --session-timeout-ms N   how long the group waits for a consumer that was killed (default 6000)
  --help

PAYMENTS_KILL_AT kills "work" when it reaches a step of a payment: ${steps.join(", ")}.
`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    ledger: { type: "string", default: "payments-ledger" },
    positions: { type: "string", default: "payments-positions" },
    group: { type: "string", default: "payments" },
    topic: { type: "string", default: ROOM_EVENTS_TOPIC },
    "session-timeout-ms": { type: "string", default: "6000" },
    help: { type: "boolean", default: false },
  },
});
const openingBalance = 10_000n;
const answerLimitMs = 60_000;

/** What the program works with. */
interface Site {
  readonly maru: Maru;
  readonly brokers: string[];
  readonly client: DynamoDBClient;
  readonly ledger: DynamodbLedger;
}

try {
  const [command, ...args] = positionals;
  if (values.help) process.stdout.write(help);
  else if (command === "work" && args.length === 0) await onSite(work);
  else if (command === "pay" && args.length === 3) await onSite((site) => pay(site, args[0], args[1], args[2]));
  else if (command === "balances" && args.length > 0) await onSite((site) => balances(site, args));
  else throw new Error(help);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 1;
}

async function onSite(run: (site: Site) => Promise<void>): Promise<void> {
  const { MARU_ADDRESS, MARU_TOKEN = "", KAFKA_BROKERS, DYNAMODB_ENDPOINT } = process.env;
  const given =
    MARU_ADDRESS && KAFKA_BROKERS && DYNAMODB_ENDPOINT
      ? {
          grpcAddress: MARU_ADDRESS,
          token: MARU_TOKEN,
          brokers: KAFKA_BROKERS.split(","),
          dynamodbEndpoint: DYNAMODB_ENDPOINT,
        }
      : await findRunning();
  if (given === undefined) {
    const variables = "MARU_ADDRESS, KAFKA_BROKERS and DYNAMODB_ENDPOINT";
    throw new Error(`no "npm start" is running, and ${variables} are not all set`);
  }
  const { grpcAddress: address, token, dynamodbEndpoint: endpoint } = given;
  const brokers = [...given.brokers];
  await using maru = connectMaru({ address, token });
  const client = localDynamodb(endpoint);
  await ensureLedgerTable(client, values.ledger);
  try {
    await run({ maru, brokers, client, ledger: dynamodbLedger(client, values.ledger) });
  } finally {
    client.destroy();
  }
}

async function work({ maru, brokers, client, ledger }: Site): Promise<void> {
  await ensurePositionsTable({ client, tableName: values.positions });
  await registerRemittances(maru);
  const broker = kafkaBroker({ brokers, clientId: values.group });
  const sessionTimeoutMs = Number(values["session-timeout-ms"]);
  await using payments = await startPayments({
    maru,
    ledger,
    positions: dynamodbPositions({ client, tableName: values.positions }),
    brokers: { ...broker, startConsumer: (options) => broker.startConsumer({ ...options, sessionTimeoutMs }) },
    group: values.group,
    topic: values.topic,
    at: killAt(process.env.PAYMENTS_KILL_AT),
    onTellError: ({ roomId, seq }, error) => process.stderr.write(`message ${seq} of room ${roomId}: ${error}\n`),
  });
  process.stderr.write("paying what is sent; stop with Ctrl-C\n");
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => void payments.close());
  await payments.done;
}

function killAt(planned: string | undefined): AtStep {
  if (planned === undefined || planned === "") return () => {};
  if (!steps.includes(planned as Step)) throw new Error(`PAYMENTS_KILL_AT must be one of: ${steps.join(", ")}`);
  return (step) => {
    if (step === planned) process.kill(process.pid, "SIGKILL");
  };
}

async function pay({ maru, ledger }: Site, payerId = "", payeeId = "", amount = ""): Promise<void> {
  if (!/^[1-9]\d{0,15}$/.test(amount) || payerId === payeeId) throw new Error(help);
  await registerRemittances(maru);
  for (const userId of [payerId, payeeId]) await ledger.open(userId, openingBalance);
  const { room } = await maru.rooms.findOrCreateDirect({
    actor: { kind: { case: "userId", value: payerId } },
    kind: "direct",
    subject: "payments",
    userIds: [payerId, payeeId],
  });
  const roomId = room?.roomId ?? "";
  const seq = await sendRemittance(maru, { roomId, payerId, payeeId, amountMinor: BigInt(amount) });
  process.stdout.write(`message ${seq} of room ${roomId} is held\n`);
  const deadline = Date.now() + answerLimitMs;
  for (;;) {
    const { entry } = await maru.messages.get({ roomId, seq });
    const message = entry?.body.case === "messageSent" ? entry.body.value : undefined;
    if (message?.holdState === HoldState.CANCELLED) return void process.stdout.write("refused: no cover\n");
    const card = cardOf(RemittanceSchema, message?.content);
    if (card?.status === RemittanceStatus.CONFIRMED) return void process.stdout.write("paid\n");
    if (Date.now() > deadline) throw new Error('nothing comes of it: does "work" run?');
    await sleep(100);
  }
}

async function balances({ ledger }: Site, userIds: readonly string[]): Promise<void> {
  for (const userId of userIds) process.stdout.write(`${userId} ${(await ledger.balanceOf(userId)) ?? "no account"}\n`);
}
