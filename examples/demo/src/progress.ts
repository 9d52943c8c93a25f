/** A bar on a terminal, a line every few seconds elsewhere. */
export interface Progress {
  /** `done` of `total` so far. */
  update(done: number): void;
  end(): void;
}

const barWidth = 30;

export function startProgress(label: string, total: number, out: NodeJS.WriteStream = process.stderr): Progress {
  const startedAt = performance.now();
  let done = 0;
  const line = () => {
    const seconds = (performance.now() - startedAt) / 1000;
    const rate = done / Math.max(seconds, 0.001);
    const left = rate > 0 ? Math.ceil((total - done) / rate) : 0;
    return `${label} ${done.toLocaleString("en")} of ${total.toLocaleString("en")}, ${Math.round(rate)}/s, ${left} s left`;
  };
  const draw = () => {
    const filled = Math.round((barWidth * done) / Math.max(total, 1));
    out.write(`\r[${"█".repeat(filled)}${"░".repeat(barWidth - filled)}] ${line()}\u001b[K`);
  };
  const timer = setInterval(() => (out.isTTY ? draw() : out.write(`${line()}\n`)), out.isTTY ? 100 : 5_000);
  return {
    update: (now) => {
      done = now;
    },
    end: () => {
      clearInterval(timer);
      if (out.isTTY) draw();
      out.write(out.isTTY ? "\n" : `${line()}\n`);
    },
  };
}
