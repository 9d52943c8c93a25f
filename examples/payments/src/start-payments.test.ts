import { cardOf, connectMaru, type Maru, service, user } from "@maru/client";
import { HoldState } from "@maru/protocol";
import { type CommitFault, type MemoryTx, memoryPositions, startTestMaru, type TestMaru } from "@maru/testing";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { RemittanceSchema, RemittanceStatus } from "../gen/acme/remittance/v1/remittance_pb.js";
import { type Decision, type Ledger, paymentIdOf } from "./ledger.ts";
import { registerRemittances, sendRemittance } from "./send-remittance.ts";
import { type Payments, startPayments } from "./start-payments.ts";
import { type Step, steps } from "./steps.ts";

const patience = { timeout: 10_000, interval: 5 };

/** The ledger, in memory. */
function memoryLedger(accounts: Record<string, bigint>) {
  const balances = new Map(Object.entries(accounts));
  const untold = new Map<string, Decision>();
  const journal: string[] = [];
  const add = (userId: string, amountMinor: bigint) => balances.set(userId, (balances.get(userId) ?? 0n) + amountMinor);
  const ledger: Ledger<MemoryTx> = {
    async decide(tx, payment) {
      const { payerId, payeeId, amountMinor } = payment;
      const isCovered = (balances.get(payerId) ?? 0n) >= amountMinor && balances.has(payeeId);
      const outcome = isCovered ? "paid" : "refused";
      tx.add(() => {
        if (isCovered) {
          add(payerId, -amountMinor);
          add(payeeId, amountMinor);
        }
        untold.set(paymentIdOf(payment), { ...payment, outcome });
        journal.push(`${paymentIdOf(payment)} ${outcome}`);
      });
    },
    untold: async () => [...untold.values()],
    told: async (decision) => void untold.delete(paymentIdOf(decision)),
    async payBack(decision) {
      if (!untold.delete(paymentIdOf(decision))) return;
      add(decision.payeeId, -decision.amountMinor);
      add(decision.payerId, decision.amountMinor);
      journal.push(`${paymentIdOf(decision)} paid back`);
    },
    balanceOf: async (userId) => balances.get(userId),
  };
  return { ledger, journal, untold };
}

let testMaru: TestMaru;
let maru: Maru;
let roomId: string;

beforeAll(async () => {
  testMaru = await startTestMaru();
  maru = connectMaru({ address: testMaru.grpcAddress, token: () => testMaru.token("bank") });
  await registerRemittances(maru);
});
afterAll(async () => {
  await maru?.close();
  await testMaru?.close();
});
beforeEach(async () => {
  const members = [{ userId: "ann" }, { userId: "bob" }];
  const { room } = await maru.rooms.create({ actor: service(), kind: "group", members });
  roomId = room?.roomId ?? "";
});

let groups = 0;

function bank(more: { faults?: CommitFault[]; client?: Maru } = {}) {
  const { faults = [], client = maru } = more;
  const { ledger, journal, untold } = memoryLedger({ ann: 1000n, bob: 0n });
  const id = () => `${roomId}/`;
  const positions = memoryPositions({
    onCommit: ({ roomId: one, seq }) => (id() === `${one}/` && seq > 1 ? faults.shift() : undefined),
  });
  const group = `bank-${++groups}`;
  const start = (at: (step: Step) => void = () => {}): Promise<Payments> => {
    const retry = { firstBackoffMs: 1, maxBackoffMs: 5 };
    const common = { brokers: testMaru.broker, group, ledger, positions, retry, commitIntervalMs: 5 };
    return startPayments({ ...common, maru: client, at, tellEveryMs: 10, onWarning: () => {} });
  };
  return { start, ledger, journal, untold, lines: () => journal.filter((line) => line.startsWith(id())) };
}

const send = (amountMinor: bigint, payeeId = "bob") =>
  sendRemittance(maru, { roomId, payerId: "ann", payeeId, amountMinor });

async function shown(seq: number) {
  const { entry } = await maru.messages.get({ roomId, seq });
  const message = entry?.body.case === "messageSent" ? entry.body.value : undefined;
  return { holdState: message?.holdState, status: cardOf(RemittanceSchema, message?.content)?.status };
}

const confirmed = { holdState: HoldState.COMMITTED, status: RemittanceStatus.CONFIRMED };

/** What the room's log says of the message: each entry that is about it. */
async function tellings(seq: number): Promise<string[]> {
  const { entries } = await maru.events.listEntries({ roomId, after: seq });
  return entries.map(({ type }) => type);
}

test("a payment moves the money once, shows the message, and confirms its card", async () => {
  const { start, ledger, lines, untold } = bank();
  await using _ = await start();
  const seq = await send(300n);
  await expect.poll(() => shown(seq), patience).toEqual(confirmed);
  await expect.poll(() => untold.size, patience).toBe(0);
  expect([await ledger.balanceOf("ann"), await ledger.balanceOf("bob")]).toEqual([700n, 300n]);
  expect(lines()).toEqual([`${roomId}/${seq} paid`]);
  expect(await tellings(seq)).toEqual(["message_committed", "card_updated"]);
});

test("without cover, or to somebody without an account, nothing moves and nobody sees the message", async () => {
  const { start, ledger, lines } = bank();
  await using _ = await start();
  const [tooMuch, toNobody] = [await send(1001n), await send(1n, "eve")];
  await expect.poll(() => shown(toNobody), patience).toMatchObject({ holdState: HoldState.CANCELLED });
  expect(await shown(tooMuch)).toMatchObject({ holdState: HoldState.CANCELLED });
  expect(await ledger.balanceOf("ann")).toBe(1000n);
  expect(lines()).toEqual([`${roomId}/${tooMuch} refused`, `${roomId}/${toNobody} refused`]);
});

test("payments of one room are made in order: what the first leaves is what the second has", async () => {
  const { start, lines } = bank();
  const seqs = [await send(800n), await send(300n), await send(200n)];
  await using _ = await start();
  await expect.poll(lines, patience).toHaveLength(3);
  expect(lines()).toEqual([`${roomId}/${seqs[0]} paid`, `${roomId}/${seqs[1]} refused`, `${roomId}/${seqs[2]} paid`]);
});

test.for(["lost", "unanswered"] as const)("a transaction that is %s is made up for, once", async (fault) => {
  const { start, ledger, lines } = bank({ faults: [fault] });
  await using _ = await start();
  const seq = await send(300n);
  await expect.poll(() => shown(seq), patience).toEqual(confirmed);
  expect(await ledger.balanceOf("bob")).toBe(300n);
  expect(lines()).toEqual([`${roomId}/${seq} paid`]);
});

test.for(steps)(
  'a service that ends at the step "%s" is replaced by another, and the payment is made once',
  async (planned) => {
    const { start, ledger, lines, untold } = bank();
    const ended = Promise.withResolvers<void>();
    // Nothing goes on in the one that ends: as if it had been killed, and its partitions given away.
    const first = await start((step) => {
      if (step !== planned) return;
      ended.resolve();
      throw new Error("planned: the service ends here");
    });
    const seq = await send(300n);
    await ended.promise;
    await first.close();
    await using _ = await start();
    await expect.poll(() => shown(seq), patience).toEqual(confirmed);
    await expect.poll(() => untold.size, patience).toBe(0);
    expect([await ledger.balanceOf("ann"), await ledger.balanceOf("bob")]).toEqual([700n, 300n]);
    expect(lines()).toEqual([`${roomId}/${seq} paid`]);
    expect(await tellings(seq)).toEqual(["message_committed", "card_updated"]);
  },
);

test("a payment whose message was cancelled meanwhile is paid back", async () => {
  let cancelled: Promise<unknown> | undefined;
  const slow: Maru = {
    ...maru,
    messages: {
      ...maru.messages,
      // The sender changes their mind between the payment and the room's being told.
      commit: async (...args: Parameters<Maru["messages"]["commit"]>) => {
        cancelled ??= maru.messages.cancel({ roomId, seq: args[0].seq ?? 0, actor: user("ann"), reason: "no" });
        await cancelled;
        return maru.messages.commit(...args);
      },
    },
  };
  const { start, ledger, lines } = bank({ client: slow });
  await using _ = await start();
  const seq = await send(300n);
  await expect.poll(lines, patience).toEqual([`${roomId}/${seq} paid`, `${roomId}/${seq} paid back`]);
  expect([await ledger.balanceOf("ann"), await ledger.balanceOf("bob")]).toEqual([1000n, 0n]);
});
