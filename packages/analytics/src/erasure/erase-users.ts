import { createHash } from "node:crypto";
import type { LakeFiles } from "../lake/lake-files.ts";
import { partitionOf, partitionPath } from "../lake/partition.ts";
import { readLines, writeLines } from "../lake/rows.ts";
import { findUserItems, type UserItems } from "./find-user-items.ts";
import { createNameFinder } from "./name-finder.ts";
import { hasContent, isNewer, itemOf, type LakeRow, parseRow, redacted } from "./user-rows.ts";

export interface EraseUsersOptions {
  readonly files: LakeFiles;
  /** Names the receipt; the same one goes on with an erasure that was stopped. */
  readonly receiptId: string;
  readonly userIds: readonly string[];
  /** What stands for a user in rows that have hashes; undefined where no row has. */
  readonly pseudonymOf?: (userId: string) => string;
  readonly nowMs: () => number;
  readonly signal: AbortSignal;
  readonly onProgress?: (so: { readonly step: "finding" | "rewriting"; readonly objects: number }) => void;
}

/** What was rewritten, partition by partition. It names no user in clear. */
export interface ErasureReceipt {
  readonly receiptId: string;
  readonly userHashes: readonly string[];
  readonly startedAt: string;
  /** Unset while it is not done. */
  readonly finishedAt?: string;
  readonly partitions: readonly ErasedPartition[];
}

export interface ErasedPartition {
  readonly partition: string;
  readonly objects: readonly { readonly key: string; readonly rows: number; readonly sha256: string }[];
}

/** The lake cannot be rewritten yet, or not by this receipt; the message says what has to come first. */
export class ErasureError extends Error {
  override readonly name = "ErasureError";
}

/**
 * Takes out of the lake what users wrote, after the service has erased them: older rows of their entries then say what the
 * newest one says. Objects are replaced one by one under their own names, so whoever queries meanwhile sees each row once,
 * and a rewrite that was stopped goes on when it is run again.
 */
export async function eraseUsers(options: EraseUsersOptions): Promise<ErasureReceipt> {
  const { files, receiptId, userIds, pseudonymOf, nowMs, signal, onProgress } = options;
  const names = userIds.flatMap((id) => (pseudonymOf === undefined ? [id] : [id, pseudonymOf(id)]));
  await refusePutAside(options, names);
  let objects = 0;
  const onObject = () => onProgress?.({ step: "finding", objects: ++objects });
  const items = await findUserItems({ files, signal, onObject }, names);
  refuseUnerased(items, new Set(names));
  const receipts = openReceipt(files, receiptId, userIds);
  let receipt = await receipts.begin(new Date(nowMs()).toISOString());
  objects = 0;
  for await (const key of files.list("events/", signal)) {
    signal.throwIfAborted();
    const rewritten = await rewrite(files, key, items);
    if (rewritten !== undefined) receipt = await receipts.note(receipt, rewritten);
    onProgress?.({ step: "rewriting", objects: ++objects });
  }
  return receipts.finish(receipt, new Date(nowMs()).toISOString());
}

async function refusePutAside({ files, signal }: EraseUsersOptions, names: readonly string[]): Promise<void> {
  const doesName = createNameFinder(names);
  for await (const key of files.list("failures/", signal)) {
    const text = readLines((await files.read(key)) ?? writeLines([])).join("\n");
    if (doesName(text))
      throw new ErasureError(`${key} holds records of these users that were put aside: redrive them first`);
  }
}

function refuseUnerased(items: UserItems, names: ReadonlySet<string>): void {
  const isOwn = (row: LakeRow): boolean => names.has((row.actor as { user_id?: string } | undefined)?.user_id ?? "");
  const unerased = [...items.values()].map(({ row }) => row).filter((row) => isOwn(row) && hasContent(row));
  const [first] = unerased;
  if (first === undefined) return;
  throw new ErasureError(
    `${unerased.length} entries of these users still have their content, the first in room ${first.room_id} (${first.sk}): ` +
      "erase the users in the service, wait until the lake has it, and run this again",
  );
}

interface Rewritten {
  readonly key: string;
  readonly rows: number;
  readonly sha256: string;
}

async function rewrite(files: LakeFiles, key: string, items: UserItems): Promise<Rewritten | undefined> {
  const body = await files.read(key);
  if (body === undefined) return undefined;
  let rows = 0;
  const lines = readLines(body).map((line) => {
    const row = parseRow(line);
    const newest = items.get(itemOf(row));
    if (newest === undefined || !isNewer(newest.row, row)) return line;
    const now = redacted(line, newest.line);
    if (now !== line) rows++;
    return now;
  });
  if (rows === 0) return undefined;
  const after = writeLines(lines);
  await files.write(key, after);
  return { key, rows, sha256: createHash("sha256").update(after).digest("hex") };
}

function openReceipt(files: LakeFiles, receiptId: string, userIds: readonly string[]) {
  const key = `receipts/erasure/${receiptId}.json`;
  const userHashes = userIds.map((id) => createHash("sha256").update(`${receiptId}\0${id}`).digest("hex")).sort();
  const save = async (receipt: ErasureReceipt): Promise<ErasureReceipt> => {
    await files.write(key, Buffer.from(`${JSON.stringify(receipt, null, 2)}\n`));
    return receipt;
  };
  return {
    async begin(startedAt: string): Promise<ErasureReceipt> {
      const before = await files.read(key);
      if (before === undefined) return save({ receiptId, userHashes, startedAt, partitions: [] });
      const receipt = JSON.parse(Buffer.from(before).toString("utf8")) as ErasureReceipt;
      if (receipt.userHashes.join() !== userHashes.join())
        throw new ErasureError(`there is a receipt ${receiptId} already, and it is of other users`);
      return receipt;
    },
    note(receipt: ErasureReceipt, { key: object, rows, sha256 }: Rewritten): Promise<ErasureReceipt> {
      const place = partitionOf(object);
      const partition = place === undefined ? object : partitionPath(place);
      const others = receipt.partitions.filter((one) => one.partition !== partition);
      const known = receipt.partitions.find((one) => one.partition === partition)?.objects ?? [];
      const objects = [...known.filter((one) => one.key !== object), { key: object, rows, sha256 }];
      return save({ ...receipt, partitions: [...others, { partition, objects }] });
    },
    finish: (receipt: ErasureReceipt, finishedAt: string) => save({ ...receipt, finishedAt }),
  };
}
