/** How far something is: a bar on a terminal, a line every few seconds elsewhere, an object a line where JSON is wanted. */
export interface Progress {
  update(state: ProgressState): void;
  end(): void;
}

export interface ProgressState {
  /** From 0 to 1. */
  readonly part: number;
  readonly text: string;
  readonly facts: object;
}

const barWidth = 24;
const everyMs = { bar: 100, line: 5_000 };

export function startProgress(json: boolean, output: NodeJS.WriteStream = process.stderr): Progress {
  const startedAtMs = Date.now();
  let shownAtMs = 0;
  let last: ProgressState | undefined;
  let width = 0;
  const show = (state: ProgressState) => {
    const seconds = (Date.now() - startedAtMs) / 1000;
    const left = state.part > 0 ? (seconds / state.part) * (1 - state.part) : undefined;
    if (json)
      return void output.write(
        `${JSON.stringify({ progress: Number(state.part.toFixed(4)), ...state.facts, seconds })}\n`,
      );
    const filled = Math.round(state.part * barWidth);
    const bar = `[${"#".repeat(filled)}${"-".repeat(barWidth - filled)}]`;
    const text = `${bar} ${state.text}${left === undefined ? "" : `, ${duration(left)} left`}`;
    output.write(output.isTTY ? `\r${text.padEnd(width)}` : `${text}\n`);
    width = text.length;
  };
  return {
    update(state) {
      last = state;
      const pause = output.isTTY && !json ? everyMs.bar : everyMs.line;
      if (Date.now() - shownAtMs < pause) return;
      shownAtMs = Date.now();
      show(state);
    },
    end() {
      if (last !== undefined) show(last);
      if (output.isTTY && !json && last !== undefined) output.write("\n");
    },
  };
}

/** `2 h 05 min`, `3 min 20 s`, `12 s`. */
export function duration(seconds: number): string {
  const whole = Math.ceil(seconds);
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60)];
  if (hours >= 48) return `${(hours / 24).toFixed(1)} days`;
  if (hours > 0) return `${hours} h ${String(minutes).padStart(2, "0")} min`;
  return minutes > 0 ? `${minutes} min ${String(whole % 60).padStart(2, "0")} s` : `${whole} s`;
}
