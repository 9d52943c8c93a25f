import type { Http2ServerRequest } from "node:http2";
import { TLSSocket } from "node:tls";
import type { ServerInterceptingCallInterface } from "@grpc/grpc-js";
import { type ClientNaming, certifiedService } from "../identity/certified-service.ts";
import type { HttpRequest } from "./http-exchange.ts";
import type { TlsFiles } from "./tls-files.ts";

/** Which service the certificate of a call's connection names; undefined when it names none. */
export type CertifiedBy<Call> = (call: Call) => string | undefined;

export function certifiedByGrpc(
  naming: ClientNaming,
  tls: TlsFiles | undefined,
): CertifiedBy<ServerInterceptingCallInterface> {
  return certifiedBy(naming, tls, {
    connectionOf: sessionOf,
    altNamesOf: (transport) => transport.getAuthContext().sslPeerCertificate?.subjectaltname,
  });
}

export function certifiedByHttp(naming: ClientNaming, tls: TlsFiles | undefined): CertifiedBy<HttpRequest> {
  return certifiedBy(naming, tls, {
    connectionOf: socketOf,
    altNamesOf(request) {
      const socket = socketOf(request);
      return socket?.authorized ? socket.getPeerCertificate().subjectaltname : undefined;
    },
  });
}

interface Certificates<Call> {
  /** Undefined when it is not known: then nothing is remembered. */
  connectionOf(call: Call): object | undefined;
  altNamesOf(call: Call): string | undefined;
}

/** Only where a client authority checked the certificates. Reading one is dear, so each connection's is read once. */
function certifiedBy<Call>(
  naming: ClientNaming,
  tls: TlsFiles | undefined,
  { connectionOf, altNamesOf }: Certificates<Call>,
): CertifiedBy<Call> {
  if (tls?.clientCa === undefined || naming.clientNameFrom === "off") return () => undefined;
  const known = new WeakMap<object, { readonly service: string | undefined }>();
  return (call) => {
    const connection = connectionOf(call);
    const found = connection && known.get(connection);
    if (found !== undefined) return found.service;
    const service = certifiedService(naming, altNamesOf(call));
    if (connection !== undefined) known.set(connection, { service });
    return service;
  };
}

/** It is no public interface: should it go, the certificate is read at each call. */
function sessionOf(transport: ServerInterceptingCallInterface): object | undefined {
  const stream: unknown = Reflect.get(transport, "stream");
  const session: unknown = typeof stream === "object" && stream !== null ? Reflect.get(stream, "session") : undefined;
  return typeof session === "object" && session !== null ? session : undefined;
}

function socketOf(request: HttpRequest): TLSSocket | undefined {
  const socket = "stream" in request ? (request as Http2ServerRequest).stream.session?.socket : request.socket;
  return socket instanceof TLSSocket ? socket : undefined;
}
