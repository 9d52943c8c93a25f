import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { PaymentRequestSchema, PaymentStatus } from "../../gen/acme/webchat/v1/payment_request_pb.js";
import { toPaymentView } from "./payment-view.ts";

const view = (me: string, status: PaymentStatus, currency = "EUR") => {
  const payment = create(PaymentRequestSchema, {
    payerId: "bob",
    title: "Lunch",
    amountMinor: 1250n,
    currency,
    status,
  });
  return toPaymentView(payment, { me, senderId: "ann", locale: "en" });
};

test("whoever is asked has the button, until they have pressed it", () => {
  const states = [PaymentStatus.OPEN, PaymentStatus.PAYING, PaymentStatus.PAID];
  expect(states.map((status) => view("bob", status).button)).toEqual(["Pay €12.50", undefined, undefined]);
  expect(states.map((status) => view("ann", status).button)).toEqual([undefined, undefined, undefined]);
  expect(states.map((status) => view("bob", status).sentence)).toEqual([
    "Ann asks you",
    "You are paying",
    "You paid Ann",
  ]);
  expect(states.map((status) => view("ann", status).sentence)).toEqual([
    "You ask Bob",
    "Bob is paying",
    "Bob paid you",
  ]);
  expect(states.map((status) => view("eve", status).state)).toEqual(["open", "paying", "paid"]);
});

test("an amount has as many digits as its currency", () => {
  expect(view("bob", PaymentStatus.OPEN, "JPY").amount).toBe("¥1,250");
});
