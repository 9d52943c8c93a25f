/** What the stack tells its supervisor. */
export type ToSupervisor =
  | {
      type: "start";
      id: number;
      command: string;
      args: string[];
      cwd: string;
      logFile: string;
      env?: Record<string, string>;
      endSignal?: NodeJS.Signals;
    }
  | { type: "signal"; id: number; signal: NodeJS.Signals }
  | { type: "keepFolder" };

/** What the supervisor tells the stack. */
export type FromSupervisor =
  | { type: "ready" }
  | { type: "started"; id: number; pid: number }
  | { type: "refused"; id: number; reason: string }
  | { type: "exited"; id: number; code: number | null; signal: NodeJS.Signals | null };
