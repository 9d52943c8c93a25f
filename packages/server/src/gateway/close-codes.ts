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
