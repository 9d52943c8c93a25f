/** How far something is: a bar on a terminal, a line every few seconds elsewhere. */
export interface Progress {
  update(done: number, total: number): void;
  end(): void;
}

const barWidth = 30;
const lineEveryMs = 5_000;

export function startProgress(label: string, output: NodeJS.WriteStream = process.stderr): Progress {
  let shown = "";
  let lastLineMs = 0;
  return {
    update(done, total) {
      const text = progressText(label, done, total);
      if (output.isTTY) {
        output.write(`\r${text.padEnd(shown.length)}`);
      } else if (text !== shown && Date.now() - lastLineMs >= lineEveryMs) {
        output.write(`${text}\n`);
        lastLineMs = Date.now();
      }
      shown = text;
    },
    end() {
      if (output.isTTY) output.write("\n");
      else if (shown !== "") output.write(`${shown}\n`);
    },
  };
}

/** `erased rooms [##########--------------------] 33 of 100`; without a total only the number. */
export function progressText(label: string, done: number, total: number): string {
  if (total === 0) return `${label} ${done}`;
  const filled = Math.round((Math.min(done, total) / total) * barWidth);
  return `${label} [${"#".repeat(filled)}${"-".repeat(barWidth - filled)}] ${done} of ${total}`;
}
