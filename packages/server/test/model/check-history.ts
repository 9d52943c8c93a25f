import { checkRead } from "./check-read.ts";
import { checkRefusal } from "./check-refusal.ts";
import { checkContended, checkUses } from "./check-uses.ts";
import { checkWrite } from "./check-write.ts";
import { isWrite } from "./command.ts";
import type { CallRecord } from "./history.ts";
import { createWindows, type Windows } from "./window.ts";
import type { World } from "./world.ts";

/** Every answer, held against what was true between the call's arrival and its answer. */
export function checkHistory({ truth, weather }: World, history: readonly CallRecord[]): string[] {
  const windows = createWindows(truth);
  const wrong = history.flatMap((call) => checkCall(windows, call).map((what) => `${describe(call)}: ${what}`));
  return [
    ...wrong,
    ...checkUses(windows, history),
    // Where a lost answer can look like a conflict, a contended call cannot know that it wrote nothing.
    ...(weather.conflictAfterStored === 0 ? checkContended(windows, history) : []),
  ];
}

function checkCall(windows: Windows, call: CallRecord): string[] {
  const { command, outcome } = call;
  switch (outcome?.kind) {
    case undefined:
      return ["was never answered"];
    case "broken":
      return [outcome.error instanceof Error ? `broke with ${outcome.error.stack}` : "broke"];
    case "refused":
      return checkRefusal(windows, call, command, outcome);
    case "ok":
      return isWrite(command)
        ? checkWrite(windows, call, command, outcome.value)
        : checkRead(windows, call, command, outcome.value);
  }
}

function describe({ command, server, arrived, answered }: CallRecord): string {
  return `${JSON.stringify(command)} on ${server} [${arrived}–${answered}]`;
}
