import type { JsonValue } from "@bufbuild/protobuf";
import { askForMoney, type CallDeps, createRoom, listMessages, listRooms, logIn, openRoom, payFor } from "./calls.ts";
import { factsIn } from "./facts.ts";
import { Refusal } from "./refusal.ts";

/** A call of the page. */
export interface PageCall {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly authorization: string | undefined;
  readonly body: string;
}

/** Answers a call of the page; rejects with a Refusal or what Maru answered. */
export async function route(deps: CallDeps, call: PageCall): Promise<JsonValue> {
  const facts = () => factsIn(call.body);
  const [, , noun = "", id = "", part = "", seq = "", verb = ""] = call.path.split("/").map(decode);
  const what = [call.method, noun, id && ":id", part, seq && ":seq", verb].filter((one) => one !== "").join(" ");
  if (what === "POST login") return logIn(deps, facts());
  const me = await userOf(deps, call.authorization);
  switch (what) {
    case "GET rooms":
      return listRooms(deps, me);
    case "POST rooms":
      return createRoom(deps, me, facts());
    case "GET rooms :id":
      return openRoom(deps, me, id);
    case "GET rooms :id messages":
      return listMessages(deps, me, { roomId: id, before: numberIn("before", call.query.get("before")) });
    case "POST rooms :id payments":
      return askForMoney(deps, me, id, facts());
    case "POST rooms :id payments :seq pay":
      return payFor(deps, me, id, numberIn("seq", seq));
    default:
      throw new Refusal(404, "NOT_FOUND", "there is no such call");
  }
}

async function userOf({ tokens }: CallDeps, authorization = ""): Promise<string> {
  try {
    return await tokens.userOf(authorization.replace(/^bearer /i, ""));
  } catch {
    throw new Refusal(401, "TOKEN_INVALID", "log in again");
  }
}

function numberIn(name: string, text: string | null): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1) throw new Refusal(400, "REQUEST_INVALID", `${name} must be a number`);
  return number;
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw new Refusal(400, "REQUEST_INVALID", "the address is no URL");
  }
}
