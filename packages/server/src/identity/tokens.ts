import { ErrorReason } from "@maru/protocol";
import { errors, type JWTVerifyGetKey, jwtVerify, SignJWT } from "jose";
import { MaruError } from "../errors.ts";
import type { Telemetry } from "../telemetry.ts";
import { TokenCache } from "./token-cache.ts";

export interface VerifierOptions {
  /** The shared key of HS256, at least 32 bytes. */
  readonly key: string | undefined;
  /** The issuer's public keys. */
  readonly keySet?: JWTVerifyGetKey | undefined;
  readonly issuer: string;
  readonly audience: string;
  readonly clockToleranceMs: number;
  readonly nowMs: () => number;
}

export interface VerifiedToken {
  readonly subject: string;
  readonly expiresAtMs: number;
  /** By a clock that differs from the issuer's as much as is allowed. */
  readonly goodUntilMs: number;
}

export interface TokenOptions extends VerifierOptions {
  readonly cachedTokens: number;
  readonly telemetry: Pick<Telemetry, "tokenChecks">;
}

/** A key that everybody may have must not be taken for a shared one, so the sets of algorithms do not meet. */
const sharedKeyAlgorithm = "HS256";
const publicKeyAlgorithms = ["RS", "PS", "ES"].flatMap((family) => [256, 384, 512].map((bits) => `${family}${bits}`));
publicKeyAlgorithms.push("EdDSA", "Ed25519");

/** Finds out which service calls. The answer is immediate for a token that was verified before. */
export interface Identity {
  callerOf(authorization: string | undefined): string | Promise<string>;
}

export function createTokenIdentity(options: TokenOptions): Identity {
  const verify = createTokenVerifier(options, isServiceName);
  const verified = new TokenCache(options.cachedTokens);
  const count = (result: string) => options.telemetry.tokenChecks.inc({ result });
  return {
    callerOf(authorization) {
      const token = bearerToken(authorization);
      const known = verified.get(token, options.nowMs());
      if (known !== undefined) {
        count("cached");
        return known;
      }
      return verify(token).then(
        ({ subject, goodUntilMs }) => {
          verified.set(token, subject, goodUntilMs);
          count("verified");
          return subject;
        },
        (error: unknown) => {
          count(isUnavailable(error) ? "unavailable" : "refused");
          throw error;
        },
      );
    },
  };
}

function bearerToken(authorization: string | undefined): string {
  if (authorization === undefined || authorization === "") {
    throw new MaruError(ErrorReason.TOKEN_MISSING);
  }
  const match = /^bearer +(\S+)$/i.exec(authorization);
  if (match?.[1] === undefined) {
    throw new MaruError(ErrorReason.TOKEN_INVALID, {
      message: "the authorization header must be the word Bearer and a token",
    });
  }
  return match[1];
}

interface Keys {
  readonly algorithms: string[];
  readonly find: JWTVerifyGetKey;
}

function keysOf({ key, keySet }: VerifierOptions): Keys {
  const shared = key ? new TextEncoder().encode(key) : undefined;
  return {
    algorithms: [
      ...(shared === undefined ? [] : [sharedKeyAlgorithm]),
      ...(keySet === undefined ? [] : publicKeyAlgorithms),
    ],
    async find(header, token) {
      const found = header.alg === sharedKeyAlgorithm ? shared : await keySet?.(header, token);
      if (found === undefined) throw new errors.JWKSNoMatchingKey();
      return found;
    },
  };
}

/** Checks signature, issuer, audience and times, and that the subject is one. Throws MaruError. */
export function createTokenVerifier(
  options: VerifierOptions,
  isSubject: (subject: unknown) => subject is string,
): (token: string) => Promise<VerifiedToken> {
  const { algorithms, find } = keysOf(options);
  return async (token) => {
    try {
      const { payload } = await jwtVerify(token, find, {
        algorithms,
        issuer: options.issuer,
        audience: options.audience,
        requiredClaims: ["sub", "iss", "aud", "exp"],
        clockTolerance: options.clockToleranceMs / 1000,
        currentDate: new Date(options.nowMs()),
      });
      if (!isSubject(payload.sub) || payload.exp === undefined) {
        throw new MaruError(ErrorReason.TOKEN_INVALID);
      }
      const expiresAtMs = payload.exp * 1000;
      return { subject: payload.sub, expiresAtMs, goodUntilMs: expiresAtMs + options.clockToleranceMs };
    } catch (cause) {
      throw cause instanceof MaruError ? cause : refusal(cause, options.nowMs());
    }
  };
}

function isUnavailable(error: unknown): boolean {
  return error instanceof MaruError && error.reason === ErrorReason.IDENTITY_UNAVAILABLE;
}

/** What the contract lets a service be called. A claim can be of any type, whatever the library's types say. */
export function isServiceName(subject: unknown): subject is string {
  return typeof subject === "string" && /^[^\p{Cc}]+$/u.test(subject) && Buffer.byteLength(subject) <= 128;
}

function refusal(cause: unknown, nowMs: number): MaruError {
  const notYetValid = cause instanceof errors.JWTClaimValidationFailed && cause.claim === "nbf";
  if (cause instanceof errors.JWTExpired || notYetValid) {
    const metadata = { server_time: new Date(nowMs).toISOString() };
    return new MaruError(ErrorReason.TOKEN_EXPIRED, { metadata, cause });
  }
  if (cause instanceof errors.JOSEError) {
    return new MaruError(ErrorReason.TOKEN_INVALID, { cause });
  }
  return new MaruError(ErrorReason.INTERNAL, { cause });
}

interface SignOptions {
  readonly key: string;
  readonly ttlSeconds: number;
  readonly issuer?: string;
  readonly audience?: string;
}

export interface ServiceTokenOptions extends SignOptions {
  /** The calling service's name, which becomes the `caller` of its calls. */
  readonly service: string;
}

export interface UserTokenOptions extends SignOptions {
  readonly userId: string;
}

/** A token for `authorization: Bearer …`, for commands, development and tests. */
export function signServiceToken({ service, ...options }: ServiceTokenOptions): Promise<string> {
  return sign(service, options.audience ?? defaultAudience, options);
}

/** A token with which a user connects to a gateway, for development and tests. */
export function signUserToken({ userId, ...options }: UserTokenOptions): Promise<string> {
  return sign(userId, options.audience ?? defaultUserAudience, options);
}

function sign(subject: string, audience: string, { key, issuer, ttlSeconds }: SignOptions): Promise<string> {
  return new SignJWT()
    .setProtectedHeader({ alg: "HS256", typ: "JWT" })
    .setSubject(subject)
    .setIssuer(issuer ?? defaultIssuer)
    .setAudience(audience)
    .setIssuedAt()
    .setExpirationTime(Math.floor(Date.now() / 1000) + ttlSeconds)
    .sign(new TextEncoder().encode(key));
}

export const defaultIssuer = "maru";
export const defaultAudience = "maru";
export const defaultUserAudience = "maru-realtime";
