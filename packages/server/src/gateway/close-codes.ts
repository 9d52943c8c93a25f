/**
 * Why a gateway closes a connection. 4000 to 4099: come back, after a pause with jitter. 4100 to 4199: come back with a new
 * token. 4200 to 4299: do not come back as you are, it would end in the same way.
 */
export const closeCodes = {
  draining: 4000,
  slowConsumer: 4001,
  silent: 4002,
  gatewayFull: 4003,
  fault: 4004,
  helloTimeout: 4005,
  tokenExpired: 4100,
  tokenInvalid: 4101,
  invalidFrame: 4200,
  tooManyFrames: 4201,
  tooManyConnections: 4202,
} as const;

export type CloseCode = (typeof closeCodes)[keyof typeof closeCodes];

/** What a close frame says beside its code, for people. */
export const closeReasons: Record<CloseCode, string> = {
  4000: "the gateway shuts down",
  4001: "the client reads too slowly",
  4002: "nothing was heard of the client",
  4003: "the gateway has as many connections as it takes",
  4004: "the gateway failed",
  4005: "no hello came in time",
  4100: "the token has expired",
  4101: "the token is not valid",
  4200: "a frame could not be read",
  4201: "too many frames",
  4202: "the user has too many connections",
};
