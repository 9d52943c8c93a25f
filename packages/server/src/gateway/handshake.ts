import type { IncomingHttpHeaders } from "node:http";
import { chooseEncoding, jsonEncoding, protobufEncoding } from "./wire-encoding.ts";

export interface HandshakeRules {
  /** Origins of pages that may connect; empty: all. */
  readonly origins: ReadonlySet<string>;
  readonly draining: boolean;
}

/** An answer in place of a WebSocket. */
export interface HandshakeRefusal {
  readonly status: 400 | 403 | 503;
  readonly sentence: string;
}

/** Undefined: the handshake may go on. */
export function refusalOf(headers: IncomingHttpHeaders, rules: HandshakeRules): HandshakeRefusal | undefined {
  if (rules.draining) return { status: 503, sentence: "the gateway shuts down: connect again, to another one" };
  const { origin } = headers;
  if (origin !== undefined && rules.origins.size > 0 && !rules.origins.has(origin.toLowerCase())) {
    return { status: 403, sentence: "pages of this origin may not connect (MARU_GATEWAY_ORIGINS)" };
  }
  const offered = (headers["sec-websocket-protocol"] ?? "").split(",").map((one) => one.trim());
  if (chooseEncoding(offered) === undefined) {
    const known = `${protobufEncoding.subprotocol} or ${jsonEncoding.subprotocol}`;
    return { status: 400, sentence: `the client must offer the subprotocol ${known}` };
  }
  return undefined;
}
