/** Lines of text in columns, each as wide as it must be; numbers stand right. Ends with a newline. */
export function toColumns(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [header, ...rows];
  const widths = header.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  const isNumeric = header.map((_, column) => rows.every((row) => /^[-\d.,]*( s)?$/.test(row[column] ?? "")));
  const lines = all.map((row) =>
    row
      .map((cell, column) =>
        isNumeric[column] ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0),
      )
      .join("  ")
      .trimEnd(),
  );
  return `${lines.join("\n")}\n`;
}

/** A number of seconds, short: 0.004 s, 2.5 s, 75 s. */
export function toSeconds(seconds: number): string {
  return `${seconds < 0.1 ? seconds.toFixed(3) : seconds < 10 ? seconds.toFixed(1) : seconds.toFixed(0)} s`;
}

/** Text on one line, without what would move a terminal's cursor, and cut. */
export function toOneLine(text: string, length: number): string {
  const plain = text.replace(/[\p{Cc}\p{Cf}\s]+/gu, " ").trim();
  return plain.length <= length ? plain : `${plain.slice(0, length - 1)}…`;
}

/** A value as one line of JSON; dates and big integers as text. */
export function toJsonLine(value: unknown): string {
  return `${JSON.stringify(value, (_key, one) => (typeof one === "bigint" ? `${one}` : one))}\n`;
}
