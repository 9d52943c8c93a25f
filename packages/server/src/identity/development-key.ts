/** Published with the source, so it protects nothing: accepted only on loopback addresses. */
export const developmentKey = "maru-development-key-not-for-production";

const loopback = /^(localhost|127(\.\d{1,3}){3}|\[?::1\]?)$/i;

/** Whether nobody but this machine reaches a server that listens on `host:port`. */
export function isLoopbackAddress(address: string): boolean {
  return loopback.test(address.slice(0, address.lastIndexOf(":")));
}
