import { isServiceName } from "./tokens.ts";

/** Which name in a client's certificate is the calling service. */
export interface ClientNaming {
  readonly clientNameFrom: "spiffe" | "dns" | "off";
  /** How the SPIFFE ids of services begin. */
  readonly clientSpiffePrefix: string;
}

/**
 * The service that a certificate names, from the text of its subject alternative names as Node writes it. Undefined
 * when it names none, or more than one SPIFFE id.
 */
export function certifiedService(naming: ClientNaming, subjectAltName: string | undefined): string | undefined {
  const names = parseAltNames(subjectAltName ?? "");
  const service = naming.clientNameFrom === "spiffe" ? ofSpiffeId(names, naming.clientSpiffePrefix) : ofDnsName(names);
  return isServiceName(service) && naming.clientNameFrom !== "off" ? service : undefined;
}

/** `spiffe://shop.example/ns/chat/sa/orders` is `orders`. A certificate with two such ids is no SPIFFE certificate. */
function ofSpiffeId(names: readonly AltName[], prefix: string): string | undefined {
  const ids = names.filter(({ type, value }) => type === "URI" && value.startsWith("spiffe://"));
  const [id] = ids;
  if (id === undefined || ids.length > 1 || !id.value.startsWith(prefix)) return undefined;
  return /^spiffe:\/\/[^/?#]+(?:\/[^/?#]+)*\/([^/?#]+)$/.exec(id.value)?.[1];
}

function ofDnsName(names: readonly AltName[]): string | undefined {
  const name = names.find(({ type }) => type === "DNS")?.value;
  return name?.includes("*") ? undefined : name;
}

interface AltName {
  readonly type: string;
  readonly value: string;
}

/** `DNS:a.example, URI:"spiffe://x/\u0022"`: what could be mistaken stands in quotes, as a JSON string. */
function parseAltNames(text: string): AltName[] {
  const names: AltName[] = [];
  for (const [, type = "", quoted, plain = ""] of text.matchAll(
    /([^:,\s][^:]*):(?:("(?:[^"\\]|\\.)*")|([^,]*))(?:, |$)/g,
  )) {
    names.push({ type, value: quoted === undefined ? plain : String(JSON.parse(quoted)) });
  }
  return names;
}
