import { nameOf } from "../src/view/people.ts";
import type { Backend } from "./backend.ts";
import { byId, element } from "./element.ts";
import { makeKey } from "./make-key.ts";
import { prepareDialog } from "./open-dialog.ts";
import type { PageState } from "./page-state.ts";

const text = (values: FormData, name: string) => String(values.get(name) ?? "");

export function prepareRoomDialog(
  { backend }: { readonly backend: Backend },
  onCreated: (roomId: string) => void,
): void {
  // Made once for each act, so that a second try is the same act.
  let idempotencyKey = "";
  const open = prepareDialog("room-dialog", async (values) => {
    const names = text(values, "names")
      .split(",")
      .map((name) => name.trim())
      .filter((name) => name !== "");
    onCreated(await backend.createRoom({ title: text(values, "title"), names, idempotencyKey }));
  });
  byId("new-room", "button").addEventListener("click", () => {
    idempotencyKey = makeKey();
    open();
  });
}

export function prepareAskDialog({ backend, state }: { readonly backend: Backend; readonly state: PageState }): void {
  // Made once for each act, so that a second try is the same act.
  let idempotencyKey = "";
  let roomId = "";
  const open = prepareDialog("ask-dialog", (values) =>
    backend.askForMoney(roomId, {
      payerId: text(values, "payer"),
      title: text(values, "purpose"),
      amountMinor: Math.round(Number(text(values, "amount")) * 100),
      idempotencyKey,
    }),
  );
  byId("ask", "button").addEventListener("click", () => {
    if (state.chat.open === undefined) return;
    idempotencyKey = makeKey();
    roomId = state.chat.open.roomId;
    const others = [...state.chat.open.readSeqs.keys()].filter((userId) => userId !== state.chat.me).sort();
    const choices = others.map((userId) => element("option", { text: nameOf(userId), attributes: { value: userId } }));
    byId("payer", "select").replaceChildren(...choices);
    open();
  });
}
