import { setTimeout as sleep } from "node:timers/promises";
import { type Maru, service } from "@maru/client";
import { type Backend, listen } from "./backend/listen.ts";
import { readPageFiles } from "./backend/page-files.ts";
import { registerPayments } from "./backend/payments.ts";
import { createUserTokens } from "./backend/user-tokens.ts";

export interface WebChatOptions {
  readonly maru: Pick<Maru, "cards" | "messages" | "rooms">;
  /** `ws://127.0.0.1:8081`: where browsers find the gateway. */
  readonly gatewayUrl: string;
  /** What users' tokens are signed with: the gateway's MARU_TOKEN_KEY. */
  readonly tokenKey: string;
  readonly host: string;
  /** 0 for any that is free. */
  readonly port: number;
  /** How long a payment of the demo takes. */
  readonly paymentMs: number;
}

/** Registers the payment card, opens the room that everybody is in, and serves the page. */
export async function startWebChat(options: WebChatOptions): Promise<Backend> {
  const { maru, gatewayUrl, tokenKey, host, port, paymentMs } = options;
  const [files] = await Promise.all([readPageFiles(), registerPayments({ maru })]);
  // The same key, and so the same room, in every run.
  const lobby = { actor: service(), kind: "group", title: "Lobby", idempotencyKey: "web-chat-lobby" };
  const { room } = await maru.rooms.create(lobby);
  return listen({
    maru,
    tokens: createUserTokens(tokenKey),
    gatewayUrl,
    lobbyId: room?.roomId ?? "",
    moveMoney: () => sleep(paymentMs),
    files,
    host,
    port,
  });
}
