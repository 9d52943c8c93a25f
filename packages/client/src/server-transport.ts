import type { Transport } from "@connectrpc/connect";

/** What headers of a call can be given as: a record, pairs, or web headers. */
export type HeaderInit = ConstructorParameters<typeof Headers>[0];

/** The way to one server: a transport that can be closed. */
export interface ServerTransport extends Transport {
  /** Closes the connection. Calls that are under way fail. */
  close(): void;
}

/** TLS settings of the connections; the names are those of Node's `tls` module. */
export interface TlsOptions {
  /** Certificates of the authorities to trust, PEM. @default those that Node trusts */
  readonly ca?: string | Buffer;
  /** The client's own certificate chain, PEM, where the server asks for one. Needs `key`. */
  readonly cert?: string | Buffer;
  /** The private key of `cert`, PEM. */
  readonly key?: string | Buffer;
  /** The name that the server's certificate must carry. @default the host of the address */
  readonly serverName?: string;
}

/** How a connection finds out that nobody is at the other end any more. */
export interface KeepaliveOptions {
  /** A ping is sent after so long without any traffic, in milliseconds. @default 20_000 */
  readonly pingIntervalMs?: number;
  /** The connection is given up when a ping stays unanswered for so long, in milliseconds. @default 5_000 */
  readonly pingTimeoutMs?: number;
}
