import type { ConformanceCase } from "./conformance-case.ts";
import { type Callers, runCase } from "./run-case.ts";
import type { Wire } from "./wires.ts";

export interface Failure {
  readonly wire: string;
  readonly name: string;
  readonly message: string;
}

export interface Report {
  readonly cases: number;
  readonly wires: number;
  readonly passed: number;
  /** How many calls of the contract were answered, and for how many reasons calls were refused. */
  readonly calls: number;
  readonly reasons: number;
  readonly seconds: number;
  readonly failures: readonly Failure[];
}

/** Runs cases one after the other over all wires, and compares how these were answered. */
export async function runAll(
  cases: readonly ConformanceCase[],
  wires: readonly Wire[],
  callers: Callers,
  say: (line: string) => void,
): Promise<Report> {
  const startedAtMs = Date.now();
  const failures: Failure[] = [];
  const firstLines = new Map<string, { readonly wire: string; readonly lines: string }>();
  const [calls, reasons] = [new Set<string>(), new Set<string>()];
  for (const wire of wires) {
    const before = failures.length;
    for (const one of cases) {
      const place = { wire: wire.name, name: one.name };
      try {
        const transcript = await runCase(one, wire, callers);
        for (const call of transcript.calls) calls.add(call);
        for (const reason of transcript.reasons) reasons.add(reason);
        const lines = transcript.lines.join("\n");
        const first = firstLines.get(one.name) ?? { wire: wire.name, lines };
        firstLines.set(one.name, first);
        if (lines !== first.lines) {
          failures.push({
            ...place,
            message: `answered otherwise than over ${first.wire}:\n${lines}\n\n${first.lines}`,
          });
        }
      } catch (error) {
        failures.push({ ...place, message: error instanceof Error ? error.message : String(error) });
      }
    }
    const failed = failures.length - before;
    say(`${wire.name}: ${cases.length - failed} of ${cases.length} cases`);
  }
  return {
    cases: cases.length,
    wires: wires.length,
    passed: cases.length * wires.length - failures.length,
    calls: calls.size,
    reasons: reasons.size,
    seconds: Math.round((Date.now() - startedAtMs) / 100) / 10,
    failures,
  };
}
