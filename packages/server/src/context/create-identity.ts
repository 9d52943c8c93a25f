import { createKeySet } from "../identity/key-set.ts";
import { keysOfFile, keysOfUrl } from "../identity/key-sources.ts";
import { createTokenIdentity, type Identity, type VerifierOptions } from "../identity/tokens.ts";
import type { ServerParts } from "./server-parts.ts";

type TokenParts = Pick<ServerParts, "config" | "log" | "telemetry" | "clock">;

export function createIdentity(parts: TokenParts): Identity {
  const { config, telemetry } = parts;
  return createTokenIdentity({
    ...verifierOptions(parts),
    audience: config.tokenAudience,
    cachedTokens: config.tokenCacheEntries,
    telemetry,
  });
}

/** Of whom tokens are accepted, services' and users' alike. */
export function verifierOptions({ config, log, telemetry, clock }: TokenParts): Omit<VerifierOptions, "audience"> {
  const { tokenJwksUrl: url, tokenJwksFile: file } = config;
  const load = url !== undefined ? keysOfUrl(url) : file !== undefined ? keysOfFile(file) : undefined;
  return {
    key: config.tokenKey,
    keySet:
      load &&
      createKeySet({
        load,
        maxAgeMs: config.tokenJwksMaxAgeMs,
        trustedForMs: config.tokenJwksTrustMs,
        cooldownMs: config.tokenJwksCooldownMs,
        nowMs: clock.nowMs,
        onLoad(result, error) {
          telemetry.keySetLoads.inc({ result });
          if (result === "failed") log.warn({ from: url ?? file, error }, "the issuer's keys could not be loaded");
        },
      }),
    issuer: config.tokenIssuer,
    clockToleranceMs: config.tokenClockToleranceMs,
    nowMs: clock.nowMs,
  };
}
