import type { Http2ServerRequest } from "node:http2";
import { TLSSocket } from "node:tls";
import type { ServerInterceptingCallInterface } from "@grpc/grpc-js";
import { type ClientNaming, certifiedService } from "../identity/certified-service.ts";
import type { HttpRequest } from "./http-exchange.ts";
import type { TlsFiles } from "./tls-files.ts";

/** Which service a connection's certificate names; undefined when it names none. */
export type CertifiedBy<Connection> = (connection: Connection) => string | undefined;

export const nobodyCertified = (): undefined => undefined;

/** Only where a client authority checked the certificates. */
function isNamed(naming: ClientNaming, tls: TlsFiles | undefined): boolean {
  return tls?.clientCa !== undefined && naming.clientNameFrom !== "off";
}

export function certifiedByGrpc(
  naming: ClientNaming,
  tls: TlsFiles | undefined,
): CertifiedBy<ServerInterceptingCallInterface> {
  if (!isNamed(naming, tls)) return nobodyCertified;
  return (transport) => certifiedService(naming, transport.getAuthContext().sslPeerCertificate?.subjectaltname);
}

export function certifiedByHttp(naming: ClientNaming, tls: TlsFiles | undefined): CertifiedBy<HttpRequest> {
  if (!isNamed(naming, tls)) return nobodyCertified;
  const known = new WeakMap<TLSSocket, { readonly service: string | undefined }>();
  return (request) => {
    const socket = socketOf(request);
    if (socket === undefined) return undefined;
    let found = known.get(socket);
    if (found === undefined) {
      found = { service: certifiedService(naming, socket.getPeerCertificate().subjectaltname) };
      known.set(socket, found);
    }
    return found.service;
  };
}

function socketOf(request: HttpRequest): TLSSocket | undefined {
  const socket = "stream" in request ? (request as Http2ServerRequest).stream.session?.socket : request.socket;
  return socket instanceof TLSSocket && socket.authorized ? socket : undefined;
}
