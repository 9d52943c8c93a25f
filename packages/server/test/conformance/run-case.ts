import { createClients } from "./clients.ts";
import type { CaseContext, ConformanceCase } from "./conformance-case.ts";
import { recordedTransport } from "./recorded-transport.ts";
import { Transcript } from "./transcript.ts";
import type { Wire } from "./wires.ts";

export interface Callers {
  readonly token: string;
  /** Of another service. */
  readonly otherToken: string;
  readonly kinds: CaseContext["kinds"];
}

/** Throws where the server does not conform, and where the case did not do what it says that it does. */
export async function runCase(one: ConformanceCase, wire: Wire, callers: Callers): Promise<Transcript> {
  const transcript = new Transcript();
  const withToken = (token: string | undefined) => createClients(recordedTransport(wire.transport, token, transcript));
  await one.run({
    ...withToken(callers.token),
    other: withToken(callers.otherToken),
    withToken,
    kinds: callers.kinds,
  });
  const missing = [
    ...one.calls.filter((call) => !transcript.calls.has(call)),
    ...(one.refuses ?? []).filter((reason) => !transcript.reasons.has(reason)),
  ];
  if (missing.length > 0) throw new Error(`the case says so, and did not meet ${missing.join(", ")}`);
  return transcript;
}
