import { Code } from "@connectrpc/connect";
import { ErrorReason } from "@maru/protocol";
import { MaruError } from "./errors.ts";

/**
 * A token, or a function that fetches one. The function is called when the first call needs a token, and again when a
 * server says that it has expired. White space around a token is dropped; an empty one is not sent.
 */
export type TokenProvider = string | (() => string | Promise<string>);

/** Holds the token between calls. */
export interface TokenSource {
  /** The token to send; a promise only while it is being fetched. */
  current(): string | Promise<string>;
  /** Forgets this token, if it is still the one in use; returns whether a fresh one can be fetched. */
  expire(token: string): boolean;
}

/** @param provider see {@link TokenProvider} */
export function createTokenSource(provider: TokenProvider): TokenSource {
  if (typeof provider === "string") return { current: () => provider.trim(), expire: () => false };
  let token: string | undefined;
  let fetching: Promise<string> | undefined;
  const fetchToken = async () => {
    try {
      token = (await provider()).trim();
      return token;
    } catch (cause) {
      throw tokenFailed(cause);
    } finally {
      fetching = undefined;
    }
  };
  return {
    current() {
      if (token !== undefined) return token;
      fetching ??= fetchToken();
      return fetching;
    },
    expire(stale) {
      if (token === stale) token = undefined;
      return true;
    },
  };
}

function tokenFailed(cause: unknown): MaruError {
  return new MaruError({
    message: "[UNAUTHENTICATED] the token provider failed, so the call was not made",
    reason: ErrorReason.UNSPECIFIED,
    code: Code.Unauthenticated,
    cause,
  });
}
