/** How far something is: a bar on a terminal, a line every few seconds elsewhere. */
export interface ShownProgress {
  update(done: number): void;
  end(): void;
}

const barWidth = 30;

export function showProgress(label: string, total: number, out: NodeJS.WriteStream = process.stderr): ShownProgress {
  const startedAt = performance.now();
  let done = 0;
  const line = (): string => {
    const rate = done / Math.max((performance.now() - startedAt) / 1000, 0.001);
    const left = rate > 0 ? Math.ceil((total - done) / rate) : 0;
    return `${label} ${done.toLocaleString("en")} of ${total.toLocaleString("en")}, ${Math.round(rate)}/s, ${left} s left`;
  };
  const show = (): void => {
    const filled = Math.min(barWidth, Math.round((barWidth * done) / Math.max(total, 1)));
    const bar = `[${"█".repeat(filled)}${"░".repeat(barWidth - filled)}] `;
    out.write(out.isTTY ? `\r${bar}${line()}\u001b[K` : `${line()}\n`);
  };
  const timer = setInterval(show, out.isTTY ? 100 : 5_000);
  return {
    update: (now) => {
      done = now;
    },
    end() {
      clearInterval(timer);
      show();
      if (out.isTTY) out.write("\n");
    },
  };
}
