/** How far an export is: a bar on a terminal, a line every few seconds elsewhere. */
export interface ExportProgress {
  update(table: string, bytes: number): void;
  end(): void;
}

const barWidth = 20;
const everyMs = { terminal: 100, elsewhere: 5_000 };

/** Tables that are done are the bar; of the one that is copied, how much was read: nobody knows how much it will be. */
export function startExportProgress(tableCount: number, out: NodeJS.WriteStream = process.stderr): ExportProgress {
  let current: { table: string; bytes: number } | undefined;
  let done = 0;
  let isEnded = false;
  const show = () => {
    if (current === undefined) return;
    const filled = Math.round((barWidth * done) / tableCount);
    const bar = `[${"#".repeat(filled)}${"-".repeat(barWidth - filled)}] ${done} of ${tableCount} tables`;
    const line = `${bar}, ${current.table}: ${(current.bytes / 1e6).toFixed(1)} MB read`;
    out.write(out.isTTY ? `\r${line}\u001b[K` : `${line}\n`);
  };
  const timer = setInterval(show, out.isTTY ? everyMs.terminal : everyMs.elsewhere);
  return {
    update(table, bytes) {
      if (current !== undefined && current.table !== table) done++;
      current = { table, bytes };
    },
    end() {
      if (isEnded) return;
      isEnded = true;
      clearInterval(timer);
      if (out.isTTY && current !== undefined) out.write("\n");
    },
  };
}
