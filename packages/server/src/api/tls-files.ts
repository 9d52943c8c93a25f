/** PEM texts. */
export interface TlsFiles {
  readonly cert: Buffer;
  readonly key: Buffer;
  /** When given, clients must show a certificate that this authority signed. */
  readonly clientCa?: Buffer | undefined;
}
