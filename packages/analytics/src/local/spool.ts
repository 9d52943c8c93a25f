import { type FileHandle, mkdir, open, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";

/** Rows that were taken and are not in the bucket yet, in a file: a killed program loses none of them. */
export class Spool {
  readonly name: string;
  readonly arrivedAtMs: number;
  sizeBytes = 0;
  readonly #file: string;
  readonly #handle: FileHandle;

  private constructor(file: string, name: string, arrivedAtMs: number, handle: FileHandle) {
    this.#file = file;
    this.name = name;
    this.arrivedAtMs = arrivedAtMs;
    this.#handle = handle;
  }

  static async create(folder: string, arrivedAtMs: number, name: string): Promise<Spool> {
    await mkdir(folder, { recursive: true });
    const file = join(folder, `${arrivedAtMs}_${name}`);
    return new Spool(file, name, arrivedAtMs, await open(file, "ax"));
  }

  /** Resolves when the rows are on the disk. */
  async append(rows: readonly Uint8Array[]): Promise<void> {
    const framed = rows.flatMap((row) => [lengthOf(row), row]);
    await this.#handle.writev(framed);
    await this.#handle.datasync();
    this.sizeBytes += rows.reduce((sum, row) => sum + row.length, 0);
  }

  async rows(): Promise<Uint8Array[]> {
    return readRows(this.#file);
  }

  async remove(): Promise<void> {
    await this.#handle.close();
    await rm(this.#file);
  }
}

export interface LeftSpool {
  readonly arrivedAtMs: number;
  readonly name: string;
  readonly file: string;
}

/** What an earlier run of the program left, oldest first. */
export async function leftSpools(folder: string): Promise<LeftSpool[]> {
  const names = await readdir(folder).catch(() => []);
  return names
    .map((fileName) => {
      const [at = "", name = ""] = fileName.split(/_(.*)/);
      return { arrivedAtMs: Number(at), name, file: join(folder, fileName) };
    })
    .sort((a, b) => a.arrivedAtMs - b.arrivedAtMs);
}

/** A row that was only begun when the program died was not taken: it is left out. */
export async function readRows(file: string): Promise<Uint8Array[]> {
  const bytes = await readFile(file);
  const rows: Uint8Array[] = [];
  for (let at = 0; at + 4 <= bytes.length; ) {
    const end = at + 4 + bytes.readUInt32BE(at);
    if (end > bytes.length) break;
    rows.push(bytes.subarray(at + 4, end));
    at = end;
  }
  return rows;
}

function lengthOf(row: Uint8Array): Uint8Array {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(row.length);
  return length;
}
