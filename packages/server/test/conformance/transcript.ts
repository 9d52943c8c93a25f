import type { DescMethod } from "@bufbuild/protobuf";
import type { MaruError } from "@maru/client";
import { reasonName } from "@maru/protocol";
import { nameOf } from "../contract-methods.ts";
import type { ReasonName } from "./conformance-case.ts";

/** What a case met: which calls were answered, and how others were refused. */
export class Transcript {
  readonly calls = new Set<string>();
  readonly reasons = new Set<ReasonName>();
  readonly #lines = new Set<string>();

  served(method: DescMethod): void {
    this.calls.add(nameOf(method));
    this.#lines.add(`${nameOf(method)}: OK`);
  }

  refused(method: DescMethod, error: MaruError): void {
    const reason = reasonName(error.reason).replace("ERROR_REASON_", "") as ReasonName;
    this.reasons.add(reason);
    const facts = Object.keys(error.metadata).toSorted().join();
    const fields = error.violations.map(({ field }) => field).join();
    this.#lines.add(`${nameOf(method)}: ${error.code} ${reason} metadata(${facts}) fields(${fields})`);
  }

  /** The same over every wire, however often something was asked again. */
  get lines(): readonly string[] {
    return [...this.#lines].toSorted();
  }
}
