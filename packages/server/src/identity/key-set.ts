import { ErrorReason } from "@maru/protocol";
import { errors, type JWTVerifyGetKey } from "jose";
import { MaruError } from "../errors.ts";

export interface KeySetOptions {
  /** Fetches or reads all keys anew. */
  readonly load: () => Promise<JWTVerifyGetKey>;
  /** Older keys are loaded anew, while the calls go on with them. */
  readonly maxAgeMs: number;
  /** Older keys are not used any more: they may long have been taken back. */
  readonly trustedForMs: number;
  /** A key that is not there is not looked for again within this time, or whoever invents keys would make us load. */
  readonly cooldownMs: number;
  readonly nowMs: () => number;
  readonly onLoad: (result: "loaded" | "failed", failure?: unknown) => void;
}

const pauseAfterFailureMs = 1_000;

/** The issuer's public keys, which change. Throws IDENTITY_UNAVAILABLE when it cannot tell whether a key is good. */
export function createKeySet(options: KeySetOptions): JWTVerifyGetKey {
  const { nowMs, onLoad } = options;
  let keys: JWTVerifyGetKey | undefined;
  let loadedAtMs = Number.NEGATIVE_INFINITY;
  let triedAtMs = Number.NEGATIVE_INFINITY;
  let failure: { readonly cause: unknown } | undefined;
  let loading: Promise<void> | undefined;

  const restMs = () => {
    const pauseMs = failure === undefined ? options.cooldownMs : Math.min(options.cooldownMs, pauseAfterFailureMs);
    return loading === undefined ? Math.max(0, triedAtMs + pauseMs - nowMs()) : 0;
  };
  const load = () => {
    loading ??= loadOnce().finally(() => {
      loading = undefined;
    });
    return loading;
  };
  async function loadOnce(): Promise<void> {
    triedAtMs = nowMs();
    try {
      keys = await options.load();
      loadedAtMs = nowMs();
      failure = undefined;
      onLoad("loaded");
    } catch (cause) {
      failure = { cause };
      onLoad("failed", cause);
    }
  }
  const unavailable = () =>
    new MaruError(ErrorReason.IDENTITY_UNAVAILABLE, {
      retryAfterMs: Math.max(restMs(), 100),
      cause: failure?.cause,
    });
  const trusted = () => (nowMs() - loadedAtMs <= options.trustedForMs ? keys : undefined);

  return async (header, token) => {
    if (trusted() === undefined) {
      if (restMs() === 0) await load();
    } else if (nowMs() - loadedAtMs > options.maxAgeMs && restMs() === 0) {
      void load();
    }
    const known = trusted();
    if (known === undefined) throw unavailable();
    try {
      return await known(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
      if (restMs() === 0) await load();
      if (failure !== undefined) throw unavailable();
      return (keys ?? known)(header, token);
    }
  };
}
