import { createKeySet } from "../identity/key-set.ts";
import { keysOfFile, keysOfUrl } from "../identity/key-sources.ts";
import { createTokenIdentity, type Identity } from "../identity/tokens.ts";
import type { ServerParts } from "./server-parts.ts";

export function createIdentity({ config, log, telemetry, clock }: ServerParts): Identity {
  const { tokenJwksUrl: url, tokenJwksFile: file } = config;
  const load = url !== undefined ? keysOfUrl(url) : file !== undefined ? keysOfFile(file) : undefined;
  return createTokenIdentity({
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
    audience: config.tokenAudience,
    clockToleranceMs: config.tokenClockToleranceMs,
    cachedTokens: config.tokenCacheEntries,
    nowMs: clock.nowMs,
    telemetry,
  });
}
