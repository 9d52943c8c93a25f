import { cardOf, ErrorReason, isReason, type Maru, service } from "@maru/client";
import { HoldState } from "@maru/protocol";
import { RemittanceSchema, RemittanceStatus } from "../gen/acme/remittance/v1/remittance_pb.js";
import type { Decision, Ledger } from "./ledger.ts";
import type { AtStep } from "./steps.ts";

export interface TellRoomsDeps<Tx> {
  readonly maru: Pick<Maru, "messages" | "cards">;
  readonly ledger: Pick<Ledger<Tx>, "untold" | "told" | "payBack">;
  readonly at: AtStep;
  /** Is told of a room that could not be told; it is tried again. */
  readonly onError: (decision: Decision, error: unknown) => void;
}

/**
 * Tells rooms what the ledger decided. Calls are no part of a transaction, so the decisions are noted in it, and each call
 * here may be repeated: it looks first how far it has come.
 */
export async function tellRooms<Tx>(deps: TellRoomsDeps<Tx>): Promise<void> {
  for (const decision of await deps.ledger.untold()) {
    await tellRoom(deps, decision).catch((error: unknown) => deps.onError(decision, error));
  }
}

async function tellRoom<Tx>({ maru, ledger, at }: TellRoomsDeps<Tx>, decision: Decision): Promise<void> {
  if (decision.outcome === "refused") {
    await giveUp(maru, decision);
  } else {
    if (!(await show(maru, decision))) return ledger.payBack(decision);
    at("message shown");
    await confirm(maru, decision);
    at("card updated");
  }
  await ledger.told(decision);
  at("room told");
}

/** False when it was cancelled or has expired. */
async function show({ messages }: Pick<Maru, "messages">, { roomId, seq }: Decision): Promise<boolean> {
  try {
    await messages.commit({ roomId, seq, actor: service() });
    return true;
  } catch (error) {
    if (!isReason(error, ErrorReason.HOLD_NOT_OPEN)) throw error;
    const { entry } = await messages.get({ roomId, seq });
    return entry?.body.case === "messageSent" && entry.body.value.holdState === HoldState.COMMITTED;
  }
}

async function confirm({ cards }: Pick<Maru, "cards">, { roomId, seq }: Decision): Promise<void> {
  const { card } = await cards.get({ roomId, seq });
  const remittance = cardOf(RemittanceSchema, card);
  if (remittance === undefined || remittance.status === RemittanceStatus.CONFIRMED) return;
  await cards.update(roomId, seq, RemittanceSchema, { ...remittance, status: RemittanceStatus.CONFIRMED });
}

async function giveUp({ messages }: Pick<Maru, "messages">, { roomId, seq }: Decision): Promise<void> {
  try {
    await messages.cancel({ roomId, seq, actor: service(), reason: "no cover" });
  } catch (error) {
    if (!isReason(error, ErrorReason.HOLD_NOT_OPEN)) throw error;
  }
}
