import { describe, expect, test } from "vitest";
import { ownedCases } from "./owned-all-cases.ts";
import type { OwnedCase } from "./owned-case.ts";
import { runOwnedCase } from "./run-owned-case.ts";
import type { Transcript } from "./transcript.ts";
import { type Wire, wireNames } from "./wires.ts";

const transcripts = new Map<string, Promise<Transcript>>();
function transcriptOf(one: OwnedCase, wireName: Wire["name"]): Promise<Transcript> {
  const id = `${wireName} ${one.name}`;
  const transcript = transcripts.get(id) ?? runOwnedCase(one, wireName);
  transcripts.set(id, transcript);
  return transcript;
}

describe.each(wireNames)("over %s", (wireName) => {
  test.each(ownedCases.map((one) => [one.name, one] as const))("%s", async (_name, one) => {
    const { lines } = await transcriptOf(one, wireName);
    expect(lines).toEqual((await transcriptOf(one, wireNames[0])).lines);
  });
});
