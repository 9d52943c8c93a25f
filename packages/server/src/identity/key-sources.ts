import { readFile } from "node:fs/promises";
import { createLocalJWKSet, createRemoteJWKSet, type JWTVerifyGetKey } from "jose";

const timeoutMs = 5_000;

/** Keys as the issuer publishes them (a JSON Web Key Set). */
export function keysOfUrl(url: string): () => Promise<JWTVerifyGetKey> {
  // When to load again is decided by the key set alone.
  const never = Number.POSITIVE_INFINITY;
  const remote = createRemoteJWKSet(new URL(url), {
    timeoutDuration: timeoutMs,
    cacheMaxAge: never,
    cooldownDuration: never,
  });
  return async () => {
    await remote.reload();
    return remote;
  };
}

/** The same in a file, which may be replaced while the server runs. */
export function keysOfFile(path: string): () => Promise<JWTVerifyGetKey> {
  return async () => createLocalJWKSet(JSON.parse(await readFile(path, "utf8")));
}
