import { rm } from "node:fs/promises";
import { claimFolder, makeDataFolder } from "./data-folder.ts";
import type { EngineContext } from "./engine-context.ts";
import type { FetchDeps } from "./engines/fetch-engine.ts";
import { startSupervisor } from "./processes/supervisor.ts";

/** The folder and the supervisor of one stack: where its engines are started. */
export interface Site {
  context: EngineContext;
  /** Ends the engines (gently where their data is kept), then removes the folder unless it is to be kept. */
  close(): Promise<void>;
  /** The same after a failed start, while other engines may still be starting. */
  abandon(starts: (Promise<unknown> | undefined)[], options: { keepLogs: boolean }): Promise<void>;
}

const GRACE_MS = 8_000;

export async function openSite(
  options: { dataDir?: string; persist?: boolean; onProgress?: (line: string) => void },
  env: NodeJS.ProcessEnv,
  ending: { graceMs?: number } = {},
): Promise<Site> {
  const persist = options.persist ?? false;
  const { folder, removeFolder } = await makeDataFolder({ ...options, persist });
  // Data that is deleted anyway needs no gentle end.
  const graceMs = ending.graceMs ?? (persist ? GRACE_MS : 0);
  const supervisor = await startSupervisor({ graceMs, workFolder: folder, removeFolder });
  let release = async (): Promise<void> => undefined;
  if (persist) {
    release = await claimFolder(folder, supervisor.pid).catch(async (error) => {
      await supervisor.close();
      throw error;
    });
  }

  const close = async (): Promise<void> => {
    await supervisor.close();
    await release();
  };
  return {
    context: {
      supervisor,
      folder,
      prepare: oneAtATime({ env, onProgress: options.onProgress ?? (() => undefined) }),
    },
    close,
    async abandon(starts, { keepLogs }) {
      if (keepLogs) supervisor.keepFolder();
      await close();
      await Promise.allSettled(starts);
      if (!keepLogs && removeFolder !== undefined) await rm(removeFolder, { recursive: true, force: true });
    },
  };
}

function oneAtATime(deps: FetchDeps): EngineContext["prepare"] {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const result = last.then(() => work(deps));
    last = result.catch(() => undefined);
    return result;
  };
}
