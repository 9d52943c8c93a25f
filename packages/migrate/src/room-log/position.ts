/**
 * A place in the source's write-ahead log, as a text whose order is that of the log. A snapshot has the place at which its
 * slot begins; a change has that of its transaction's commit, and its number in it.
 */
export type Position = string;

/** `16/B374D848` as `00000016B374D848`. */
export function snapshotPosition(lsn: string): Position {
  const [high = "", low = ""] = lsn.split("/");
  if (!/^[0-9A-Fa-f]{1,8}$/.test(high) || !/^[0-9A-Fa-f]{1,8}$/.test(low)) throw new TypeError(`${lsn} is no LSN`);
  return (high.padStart(8, "0") + low.padStart(8, "0")).toUpperCase();
}

export function changePosition(commitLsn: string, index: number): Position {
  return `${snapshotPosition(commitLsn)}.${String(index).padStart(8, "0")}`;
}

/** The LSN of a position, as PostgreSQL writes it. */
export function lsnOf(position: Position): string {
  const strip = (hex: string) => hex.replace(/^0+(?=.)/, "");
  return `${strip(position.slice(0, 8))}/${strip(position.slice(8, 16))}`;
}
