import { readFileSync } from "node:fs";
import type { Maru } from "@maru/client";
import {
  PaymentRequestSchema,
  PaymentStatus,
} from "../../../client/test/acme/gen/acme/payments/v1/payment_request_pb.js";
import { compile } from "../cards/compile.ts";

export { PaymentRequestSchema, PaymentStatus };

export const lunch = { title: "Lunch", amountMinor: 1_200n, currency: "EUR", status: PaymentStatus.OPEN };

/** A type of cards that a team would have, with its generated code. */
export async function registerPayments(maru: Maru): Promise<void> {
  const path = "acme/payments/v1/payment_request.proto";
  const source = readFileSync(new URL(`../../../client/test/acme/proto/${path}`, import.meta.url), "utf8");
  await maru.cards.registerCardTypes({
    descriptorSet: compile({ [path]: source }),
    types: [PaymentRequestSchema.typeName],
  });
}
