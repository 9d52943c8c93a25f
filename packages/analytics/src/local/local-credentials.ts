/** Engines on this machine ask for some, and take any. */
export const localCredentials = { accessKeyId: "local", secretAccessKey: "local" };
