import { jwtVerify, SignJWT } from "jose";

/** Tokens of the app's users, as the gateway reads them: a JWT whose subject is the user. */
export interface UserTokens {
  sign(userId: string): Promise<string>;
  /** The user of the token; rejects for one that is none, or is of no use any more. */
  userOf(token: string): Promise<string>;
}

const issuer = "maru";
const audience = "maru-realtime";

/**
 * @param key the key that the gateway knows too (MARU_TOKEN_KEY). A service with an identity provider signs with a private
 * key, and the gateway gets the public one.
 */
export function createUserTokens(key: string, lifetimeSeconds = 3600): UserTokens {
  const secret = new TextEncoder().encode(key);
  return {
    sign: (userId) =>
      new SignJWT()
        .setProtectedHeader({ alg: "HS256", typ: "JWT" })
        .setSubject(userId)
        .setIssuer(issuer)
        .setAudience(audience)
        .setIssuedAt()
        .setExpirationTime(`${lifetimeSeconds}s`)
        .sign(secret),
    async userOf(token) {
      const { payload } = await jwtVerify(token, secret, { algorithms: ["HS256"], issuer, audience });
      if (payload.sub === undefined) throw new Error("the token names no user");
      return payload.sub;
    },
  };
}
