/** A row of the lake, parsed only as far as an erasure looks at it. */
export type LakeRow = Readonly<Record<string, unknown>> & {
  readonly room_id: string;
  readonly sk: string;
  readonly operation: string;
  readonly sequence_number: string;
};

export function parseRow(line: string): LakeRow {
  return JSON.parse(line) as LakeRow;
}

/** Which rows of an item come later: their numbers are texts of different lengths. */
export function isNewer(row: LakeRow, than: LakeRow): boolean {
  const [a, b] = [row.sequence_number, than.sequence_number].map((text) => text.replace(/^0+/, ""));
  return a !== undefined && b !== undefined && (a.length === b.length ? a > b : a.length > b.length);
}

/** An item of the table: `room` and `sk`. */
export function itemOf({ room_id, sk }: LakeRow): string {
  return `${room_id}\n${sk}`;
}

/** The entry that this one changed, as an item; undefined for rows that change none. */
export function targetOf(row: LakeRow): string | undefined {
  const seq = (row.body as { target_seq?: unknown } | undefined)?.target_seq;
  return typeof seq === "number" ? `${row.room_id}\nlog#${String(seq).padStart(10, "0")}` : undefined;
}

/** Whether an entry of a user still says something. */
export function hasContent(row: LakeRow): boolean {
  const body = row.body as { content?: unknown; card?: unknown; message?: { content?: unknown } } | undefined;
  return body?.content !== undefined || body?.card !== undefined || body?.message?.content !== undefined;
}

/** What `flatten` writes first: how the item changed. */
const changePart = /^\{"item_kind":"[^"]*","operation":"[^"]*","committed_at":"[^"]*","sequence_number":"[^"]*"/;

/**
 * An older line of an item as it has to be once its user is erased: it still says that and when something happened, and
 * otherwise what the newest line says, to the letter. So nothing that was counted is counted otherwise.
 */
export function redacted(line: string, newest: string): string {
  const [change, item] = [changePart.exec(line)?.[0], newest.replace(changePart, "")];
  if (change === undefined || item === newest) throw new TypeError("a line of the lake does not begin as rows do");
  return change + item;
}
