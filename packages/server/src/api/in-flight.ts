import { ErrorReason } from "@maru/protocol";
import { MaruError } from "../errors.ts";
import type { ServiceCall } from "./service-call.ts";

/** The calls that a shutdown waits for. Health and reflection are not among them. */
export class InFlight {
  readonly #calls = new Set<ServiceCall>();
  readonly #whenDraining: (() => void)[] = [];
  #whenEmpty: (() => void) | undefined;
  #draining = false;

  get draining(): boolean {
    return this.#draining;
  }

  get count(): number {
    return this.#calls.size;
  }

  enter(call: ServiceCall): void {
    this.#calls.add(call);
  }

  leave(call: ServiceCall): void {
    this.#calls.delete(call);
    if (this.#calls.size === 0) {
      this.#whenEmpty?.();
    }
  }

  onDraining(listener: () => void): void {
    this.#whenDraining.push(listener);
  }

  /** New calls are refused, streams are told to go elsewhere; resolves to whether all calls ended in time. */
  async drain(timeoutMs: number): Promise<boolean> {
    if (!this.#draining) {
      this.#draining = true;
      for (const listener of this.#whenDraining) {
        listener();
      }
    }
    for (const call of this.#calls) {
      if (call.method.descriptor.methodKind !== "unary") {
        call.interrupt(new MaruError(ErrorReason.DRAINING));
      }
    }
    if (this.#calls.size === 0) {
      return true;
    }
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), timeoutMs);
      this.#whenEmpty = () => {
        clearTimeout(timer);
        resolve(true);
      };
    });
  }
}
