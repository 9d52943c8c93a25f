import { createHash } from "node:crypto";
import { type FSWatcher, watch } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { anyKind, type RoomKind, type RoomKinds } from "../domain/rooms/room-kind.ts";
import type { Log } from "../log.ts";
import type { Telemetry } from "../telemetry.ts";
import { type PolicyDocument, parsePolicy } from "./parse-policy.ts";
import type { Grant, Policy } from "./policy.ts";

export interface PolicyFileOptions {
  readonly path: string;
  /** Full names of all calls that there are. */
  readonly methods: readonly string[];
  readonly log: Log;
  readonly telemetry: Pick<Telemetry, "policyLoads">;
  /** How often the file is read where nothing tells of its changes. */
  readonly pollMs: number;
}

/** Says all that is wrong with a policy file. */
export class PolicyError extends Error {
  override readonly name = "PolicyError";
  readonly problems: readonly string[];

  constructor(path: string, problems: readonly string[]) {
    super(`${path} cannot be used:\n${problems.map((one) => `  - ${one}`).join("\n")}`);
    this.problems = problems;
  }
}

/** An editor or a mount replaces a file in several steps. */
const settleMs = 50;

/** The policy of a file. It follows the file; while the file is wrong, what it said before holds. */
export class PolicyFile implements Policy, RoomKinds, AsyncDisposable {
  readonly #options: PolicyFileOptions;
  #document: PolicyDocument;
  #seenHash: string;
  #reading: Promise<void> = Promise.resolve();
  #watcher: FSWatcher | undefined;
  #settling: NodeJS.Timeout | undefined;
  readonly #poll: NodeJS.Timeout;

  /** Throws PolicyError when the file cannot be read, or is wrong. */
  static async open(options: PolicyFileOptions): Promise<PolicyFile> {
    const { hash, parsed } = await readPolicyFile(options);
    if ("problems" in parsed) throw new PolicyError(options.path, parsed.problems);
    return new PolicyFile(options, parsed.policy, hash);
  }

  private constructor(options: PolicyFileOptions, document: PolicyDocument, hash: string) {
    this.#options = options;
    this.#document = document;
    this.#seenHash = hash;
    this.#tell(hash);
    this.#poll = setInterval(() => this.reload(), options.pollMs).unref();
    this.#watch();
  }

  grantOf(caller: string): Grant | undefined {
    const { services, others } = this.#document;
    return services.get(caller) ?? others;
  }

  find(kind: string): RoomKind | undefined {
    return (this.#document.kinds ?? anyKind).find(kind);
  }

  /** Reads the file now; does nothing when it is as it was. */
  reload(): Promise<void> {
    this.#reading = this.#reading.then(() => this.#readAgain());
    return this.#reading;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#poll);
    clearTimeout(this.#settling);
    this.#watcher?.close();
    await this.#reading;
  }

  async #readAgain(): Promise<void> {
    const { log, telemetry, path } = this.#options;
    const { hash, parsed } = await readPolicyFile(this.#options);
    if (hash === this.#seenHash) return;
    this.#seenHash = hash;
    if ("problems" in parsed) {
      telemetry.policyLoads.inc({ result: "refused" });
      log.error({ path, problems: parsed.problems }, "the policy file is wrong: the policy stays as it was");
      return;
    }
    this.#document = parsed.policy;
    this.#tell(hash);
  }

  #tell(hash: string): void {
    const { log, telemetry, path } = this.#options;
    const { services, others } = this.#document;
    telemetry.policyLoads.inc({ result: "loaded" });
    log.info({ path, sha256: hash, services: services.size, others: others !== undefined }, "policy loaded");
  }

  /** The folder, for a file that is replaced is another file. */
  #watch(): void {
    const { path, log } = this.#options;
    const untold = (error: unknown) =>
      log.warn({ path, error }, "changes of the policy file are only found by reading it");
    try {
      this.#watcher = watch(dirname(path), { persistent: false }, () => {
        clearTimeout(this.#settling);
        this.#settling = setTimeout(() => this.reload(), settleMs).unref();
      });
      this.#watcher.on("error", untold);
    } catch (error) {
      untold(error);
    }
  }
}

async function readPolicyFile({ path, methods }: PolicyFileOptions) {
  try {
    const text = await readFile(path, "utf8");
    return { hash: createHash("sha256").update(text).digest("hex"), parsed: parsePolicy(text, methods) };
  } catch (error) {
    const problem = `cannot be read: ${error instanceof Error ? error.message : String(error)}`;
    return { hash: problem, parsed: { problems: [problem] } };
  }
}
