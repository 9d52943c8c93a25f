import { EngineStartError } from "./errors.ts";

const TAKEN = /address already in use|bindexception|could not create server tcp listening socket/i;

/** Between finding free ports and listening on them somebody else may take one: then all is tried again with others. */
export async function withFreshPorts<T>(start: () => Promise<T>, attempts = 3): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await start();
    } catch (error) {
      const taken = error instanceof EngineStartError && TAKEN.test(error.message);
      if (!taken || attempt === attempts) throw error;
    }
  }
}
