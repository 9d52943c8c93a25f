/** Where one server is, and which protocol it is spoken to in. */
export interface ServerAddress {
  /** `grpc` for `host:port`, `connect` for a URL. */
  readonly protocol: "grpc" | "connect";
  /** What identifies the server: the address without blanks and closing slashes, in lower case. */
  readonly name: string;
  /** Whether the connection is made over TLS because the address says so (`https:`). */
  readonly secure: boolean;
}

/** Reads one or more addresses; repeated ones count once. Throws a TypeError that names what is wrong. */
export function parseAddresses(address: string | readonly string[]): ServerAddress[] {
  const given = typeof address === "string" ? [address] : address;
  const parsed = new Map(given.map(parseAddress).map((one) => [one.name, one]));
  if (parsed.size === 0) throw new TypeError("connectMaru: at least one address is needed");
  return [...parsed.values()];
}

function parseAddress(address: string): ServerAddress {
  const name = address.trim().replace(/\/+$/, "");
  if (/^https?:\/\//i.test(name)) return parseUrl(name);
  const port = /^(?:[^\s/:@]+|\[[0-9a-fA-F:.%]+\]):(\d{1,5})$/.exec(name)?.[1];
  if (port === undefined || Number(port) === 0 || Number(port) > 65535) throw badAddress(address);
  return { protocol: "grpc", name: name.toLowerCase(), secure: false };
}

function parseUrl(address: string): ServerAddress {
  const url = URL.parse(address);
  if (url === null || url.search !== "" || url.hash !== "" || url.username !== "") throw badAddress(address);
  const name = url.origin + (url.pathname === "/" ? "" : url.pathname);
  return { protocol: "connect", name, secure: url.protocol === "https:" };
}

function badAddress(address: string): TypeError {
  return new TypeError(
    `connectMaru: "${address}" is no address; give "host:port" for gRPC, or "http://…" or "https://…" for Connect`,
  );
}
