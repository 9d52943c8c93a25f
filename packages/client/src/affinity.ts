/** 32-bit FNV-1a over UTF-16 code units, mixed so that every bit of the input moves every bit of the result. */
function hash32(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  return mix32(hash);
}

/** The finalizer of MurmurHash3: a bijection of 32 bits. */
function mix32(value: number): number {
  let hash = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** Something that calls can be sent to. The name, and nothing else, decides which rooms it gets. */
export interface Named {
  readonly name: string;
}

/**
 * The servers in the order in which a room prefers them (rendezvous hashing): every client with the same addresses, in
 * whatever order, finds the same one, and a server that goes away moves only its own rooms.
 */
export function rankServers<S extends Named>(servers: readonly S[], roomId: string): readonly S[] {
  if (servers.length === 1) return servers;
  const room = hash32(roomId);
  return servers
    .map((server) => ({ server, weight: mix32(room ^ hash32(server.name)) }))
    .sort((a, b) => b.weight - a.weight || (a.server.name < b.server.name ? -1 : 1))
    .map(({ server }) => server);
}

/** The servers from the n-th on, around the circle. */
export function rotateServers<S>(servers: readonly S[], n: number): readonly S[] {
  if (servers.length === 1) return servers;
  const start = n % servers.length;
  return [...servers.slice(start), ...servers.slice(0, start)];
}

/**
 * The server for the next try: the first in the order that this call has not tried and that is not known to be away;
 * else one that it has not tried; else one that is not away; else the first. Undefined only for an empty order.
 */
export function chooseServer<S>(
  order: readonly S[],
  isAway: (server: S) => boolean,
  tried: ReadonlySet<S>,
): S | undefined {
  if (order.length === 1) return order[0];
  return (
    order.find((server) => !tried.has(server) && !isAway(server)) ??
    order.find((server) => !tried.has(server)) ??
    order.find((server) => !isAway(server)) ??
    order[0]
  );
}
