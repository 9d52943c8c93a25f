import { randomBytes } from "node:crypto";
import { rm } from "node:fs/promises";
import { gzipSync } from "node:zlib";
import { deliveryLimits } from "../delivery/delivery-stream.ts";
import type { LakeFiles } from "../lake/lake-files.ts";
import { expandPrefix } from "./prefix.ts";
import { leftSpools, readRows, Spool } from "./spool.ts";

export interface FirehoseOptions {
  readonly files: Pick<LakeFiles, "write">;
  readonly streamName: string;
  /** With expressions, as in the template. */
  readonly prefix: string;
  /** What is written to the bucket at once: whichever comes first. */
  readonly bufferBytes: number;
  readonly bufferMs: number;
  /** Where rows lie until they are in the bucket. */
  readonly folder: string;
  readonly nowMs: () => number;
  /** For tests: the error code with which a row is refused; undefined takes it. */
  readonly refuse?: (row: Uint8Array) => string | undefined;
  readonly onError?: (error: unknown) => void;
}

/** A call that Firehose refuses as a whole. */
export class FirehoseRefusal extends Error {
  override readonly name = "FirehoseRefusal";
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/**
 * Firehose as the lake needs it: takes rows of a call or refuses some, buffers by size and time, and writes gzip to the
 * bucket under a prefix of the arrival's hour. What it took, it has on disk, and delivers after a crash too.
 */
export class Firehose {
  readonly #options: FirehoseOptions;
  #spool: Spool | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** One thing at a time, so that a buffer is not written while it grows. */
  #last: Promise<unknown> = Promise.resolve();

  private constructor(options: FirehoseOptions) {
    this.#options = options;
  }

  /** Delivers what an earlier run left before it takes more. */
  static async start(options: FirehoseOptions): Promise<Firehose> {
    const firehose = new Firehose(options);
    for (const { file, arrivedAtMs, name } of await leftSpools(options.folder)) {
      await firehose.#write(await readRows(file), arrivedAtMs, name);
      await rm(file);
    }
    return firehose;
  }

  /** The error code of each row, undefined where it was taken. Throws FirehoseRefusal for a call that breaks the limits. */
  putRecordBatch(rows: readonly Uint8Array[]): Promise<(string | undefined)[]> {
    requireWithinLimits(rows);
    return this.#inTurn(async () => {
      const codes = rows.map((row) => this.#options.refuse?.(row));
      const taken = rows.filter((_, at) => codes[at] === undefined);
      if (taken.length === 0) return codes;
      this.#spool ??= await this.#begin();
      const spool = this.#spool;
      await spool.append(taken);
      // The rows are taken whatever becomes of this.
      if (spool.sizeBytes >= this.#options.bufferBytes) await this.#flush().catch((error) => this.#tell(error));
      return codes;
    });
  }

  /** Writes what is buffered now. */
  flush(): Promise<void> {
    return this.#inTurn(() => this.#flush());
  }

  async close(): Promise<void> {
    await this.flush();
    clearTimeout(this.#timer);
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#last.then(work);
    this.#last = done.catch(() => undefined);
    return done;
  }

  async #begin(): Promise<Spool> {
    const { folder, nowMs, streamName } = this.#options;
    const arrivedAtMs = nowMs();
    const stamp = new Date(arrivedAtMs).toISOString().slice(0, 19).replaceAll(/[T:]/g, "-");
    const name = `${streamName}-1-${stamp}-${randomBytes(8).toString("hex")}.gz`;
    this.#flushLater();
    return Spool.create(folder, arrivedAtMs, name);
  }

  async #flush(): Promise<void> {
    const spool = this.#spool;
    if (spool === undefined) return;
    clearTimeout(this.#timer);
    this.#spool = undefined;
    try {
      await this.#write(await spool.rows(), spool.arrivedAtMs, spool.name);
      await spool.remove();
    } catch (error) {
      // It is tried again with what comes: a bucket that is away loses nothing.
      this.#spool = spool;
      this.#flushLater();
      throw error;
    }
  }

  #flushLater(): void {
    this.#timer = setTimeout(() => this.flush().catch((error) => this.#tell(error)), this.#options.bufferMs);
  }

  #tell(error: unknown): void {
    this.#options.onError?.(error);
  }

  async #write(rows: readonly Uint8Array[], arrivedAtMs: number, name: string): Promise<void> {
    const prefix = expandPrefix(this.#options.prefix, arrivedAtMs, () => randomBytes(8).toString("hex"));
    await this.#options.files.write(`${prefix}${name}`, gzipSync(Buffer.concat(rows)));
  }
}

function requireWithinLimits(rows: readonly Uint8Array[]): void {
  const { maxRows, maxBytes, maxRowBytes } = deliveryLimits;
  if (rows.length === 0 || rows.length > maxRows)
    throw new FirehoseRefusal("ValidationException", `a call has 1 to ${maxRows} records, not ${rows.length}`);
  if (rows.some((row) => row.length > maxRowBytes))
    throw new FirehoseRefusal("ValidationException", `a record has at most ${maxRowBytes} bytes`);
  if (rows.reduce((sum, row) => sum + row.length, 0) > maxBytes)
    throw new FirehoseRefusal("InvalidArgumentException", `the records of a call have at most ${maxBytes} bytes`);
}
