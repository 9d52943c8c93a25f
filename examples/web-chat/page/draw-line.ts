import type { Line, MessageLine, PendingLine } from "../src/view/lines.ts";
import { toPaymentView } from "../src/view/payment-view.ts";
import { nameOf, namesOf } from "../src/view/people.ts";
import { drawFace } from "./draw-face.ts";
import { drawPayment } from "./draw-payment.ts";
import { element } from "./element.ts";

export interface LineActions {
  readonly pay: (seq: number) => void;
  /** Sends a refused message again. */
  readonly sendAgain: (key: string) => void;
}

export interface LineView {
  readonly me: string;
  readonly connected: ReadonlySet<string>;
  readonly actions: LineActions;
}

export function drawLine(line: Line, view: LineView): HTMLElement {
  switch (line.kind) {
    case "day":
      return element("li", { class: "day", text: line.label });
    case "unread":
      return element("li", { class: "unread", text: "New" });
    case "notice":
      return element("li", { class: "notice", text: line.text });
    case "message":
      return drawMessage(line, view);
    case "pending":
      return drawPending(line, view.actions);
  }
}

function drawMessage(line: MessageLine, { me, connected, actions }: LineView): HTMLElement {
  const { message, own, continued } = line;
  const { content, senderId, seq } = message;
  const name = senderId === "" ? "Maru" : nameOf(senderId);
  const classes = ["message", own ? "own" : "", continued ? "continued" : "", content.kind];
  const body = element("div", { class: "body" });
  if (content.kind === "payment") {
    body.append(drawPayment(toPaymentView(content.payment, { me, senderId }), () => actions.pay(seq)));
  } else {
    body.append(element("span", { class: continued || own ? "name unseen" : "name", text: name }));
    body.append(textOf(content));
  }
  return element(
    "li",
    {
      class: classes.filter((one) => one !== "").join(" "),
      attributes: { "data-seq": String(seq) },
    },
    own ? undefined : drawFace(senderId, name, { small: true, connected: connected.has(senderId) }),
    body,
    own || !continued ? drawFoot(line) : undefined,
  );
}

function textOf(content: MessageLine["message"]["content"]): string {
  switch (content.kind) {
    case "text":
      return content.text;
    case "other":
      return content.label;
    default:
      return "Message deleted";
  }
}

function drawFoot({ time, own, readBy, readByAll, message }: MessageLine): HTMLElement {
  const foot = element("div", { class: "foot" }, element("time", { text: time }));
  if (message.editCount > 0 && message.content.kind === "text") foot.append(" · edited");
  if (!own) return foot;
  const state = readBy.length === 0 ? "Sent" : readByAll ? "Read by all" : `Read by ${namesOf(readBy)}`;
  const ticks = element("span", {
    class: readByAll ? "ticks all" : "ticks",
    text: readBy.length === 0 ? "✓" : "✓✓",
    attributes: { "aria-hidden": "true", title: state },
  });
  foot.append(" ", ticks, element("span", { class: "unseen state", text: state }));
  return foot;
}

function drawPending({ message, time, key }: PendingLine, actions: LineActions): HTMLElement {
  const { refusal } = message;
  const foot = element("div", { class: "foot" });
  if (refusal === undefined) {
    foot.append(element("time", { text: time }), " ", element("span", { class: "state", text: "Sending …" }));
  } else {
    const again = { text: "Send again", attributes: { type: "button" }, onClick: () => actions.sendAgain(message.key) };
    foot.append(element("span", { class: "state", text: `Not sent: ${refusal}` }), " ", element("button", again));
  }
  return element(
    "li",
    {
      class: `message own pending${refusal === undefined ? "" : " refused"}`,
      attributes: { "data-key": key },
    },
    element("div", { class: "body", text: message.text }),
    foot,
  );
}
