/** Bars on a terminal, a line for each every few seconds elsewhere. */
export interface Progress {
  /** `done` so far of what the row with this label counts. */
  update(label: string, done: number): void;
  /** Says something in between. */
  note(line: string): void;
  end(): void;
}

const barWidth = 30;

export function startProgress(totals: Record<string, number>, out: NodeJS.WriteStream = process.stderr): Progress {
  const startedAt = performance.now();
  const rows = Object.entries(totals).map(([label, total]) => ({ label, total, done: 0 }));
  let isDrawn = false;
  const line = ({ label, total, done }: (typeof rows)[number]) => {
    const seconds = (performance.now() - startedAt) / 1000;
    const rate = done / Math.max(seconds, 0.001);
    const left = rate > 0 ? Math.ceil((total - done) / rate) : 0;
    return `${label} ${done.toLocaleString("en")} of ${total.toLocaleString("en")}, ${Math.round(rate)}/s, ${left} s left`;
  };
  const bar = (row: (typeof rows)[number]) => {
    const filled = Math.min(barWidth, Math.round((barWidth * row.done) / Math.max(row.total, 1)));
    return `[${"█".repeat(filled)}${"░".repeat(barWidth - filled)}] ${line(row)}\u001b[K\n`;
  };
  const draw = () => {
    const back = isDrawn ? `\u001b[${rows.length}F` : "";
    out.write(`${back}${rows.map(bar).join("")}`);
    isDrawn = true;
  };
  const print = () => void out.write(rows.map((row) => `${line(row)}\n`).join(""));
  const timer = setInterval(out.isTTY ? draw : print, out.isTTY ? 100 : 5_000);
  return {
    update(label, done) {
      const row = rows.find((one) => one.label === label);
      if (row !== undefined) row.done = done;
    },
    note(text) {
      const clear = isDrawn ? `\u001b[${rows.length}F\u001b[J` : "";
      out.write(`${clear}${text}\n`);
      isDrawn = false;
    },
    end() {
      clearInterval(timer);
      if (out.isTTY) draw();
      else print();
    },
  };
}
