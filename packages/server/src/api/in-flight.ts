import { ErrorReason } from "@maru/protocol";
import { MaruError } from "../errors.ts";
import type { ServiceCall } from "./service-call.ts";

/** The calls that are being served. A shutdown waits for those of services, not for health and reflection. */
export class InFlight {
  readonly #served = new Set<ServiceCall>();
  readonly #others = new Set<ServiceCall>();
  readonly #whenDraining: (() => void)[] = [];
  #whenEmpty: (() => void) | undefined;
  #draining = false;

  get draining(): boolean {
    return this.#draining;
  }

  /** How many a shutdown waits for. */
  get count(): number {
    return this.#served.size;
  }

  enter(call: ServiceCall): void {
    const calls = call.method.access === "services" ? this.#served : this.#others;
    calls.add(call);
  }

  leave(call: ServiceCall): void {
    this.#others.delete(call);
    this.#served.delete(call);
    if (this.#served.size === 0) {
      this.#whenEmpty?.();
    }
  }

  onDraining(listener: () => void): void {
    this.#whenDraining.push(listener);
  }

  /**
   * New calls are refused. Streams that can end by themselves are given a moment for it, the others are told to go
   * elsewhere. Resolves to whether all calls ended in time.
   */
  async drain(timeoutMs: number, streamGraceMs: number): Promise<boolean> {
    if (!this.#draining) {
      this.#draining = true;
      for (const listener of this.#whenDraining) {
        listener();
      }
    }
    const streams = [...this.#served].filter((call) => call.method.descriptor.methodKind !== "unary");
    const ending = streams.filter((call) => call.drain());
    interrupt(streams.filter((call) => !ending.includes(call)));
    const grace = setTimeout(() => interrupt(ending), streamGraceMs);
    const allEnded = await this.#ended(timeoutMs);
    clearTimeout(grace);
    return allEnded;
  }

  async #ended(timeoutMs: number): Promise<boolean> {
    if (this.#served.size === 0) {
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

  /** Whoever still waits is told to go elsewhere. */
  interruptAll(): void {
    interrupt([...this.#served, ...this.#others]);
  }
}

function interrupt(calls: readonly ServiceCall[]): void {
  for (const call of calls) {
    call.interrupt(new MaruError(ErrorReason.DRAINING));
  }
}
