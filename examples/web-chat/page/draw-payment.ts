import type { PaymentView } from "../src/view/payment-view.ts";
import { element, icon } from "./element.ts";

const states = {
  paying: { text: "Paying …", path: "M12 3a9 9 0 1 0 9 9" },
  paid: { text: "Paid", path: "M4.500 12.500l5 5L20 6.500" },
  open: { text: "Not paid yet", path: "M12 7v5l3.500 2M12 3a9 9 0 1 0 .01 0" },
};

/** A card with an amount, and either a button to pay or what has come of it. */
export function drawPayment(view: PaymentView, onPay: () => void): HTMLElement {
  const { text, path } = states[view.state];
  const end =
    view.button === undefined
      ? element("div", { class: `state ${view.state}`, attributes: { role: "status" } }, icon(path), text)
      : element("button", {
          class: "primary pay",
          text: view.button,
          attributes: { type: "button" },
          onClick: onPay,
        });
  return element(
    "div",
    {},
    element(
      "div",
      { class: "card" },
      element("p", { class: "purpose", text: view.title }),
      element("p", { class: "amount", text: view.amount }),
      element("p", { class: "sentence", text: view.sentence }),
    ),
    end,
  );
}
