import { readFile, rename, writeFile } from "node:fs/promises";

/** How far a mapping has read each shard of its stream. */
export interface MappingState {
  readonly streamArn: string;
  readonly shards: Readonly<Record<string, ShardProgress>>;
}

export interface ShardProgress {
  /** The last sequence number that is done. */
  readonly after?: string | undefined;
  readonly isFinished?: boolean;
}

/** Keeps the state in a file that is never half written. Another stream begins anew. */
export async function openMappingState(file: string, streamArn: string) {
  let state = await read(file, streamArn);
  let written = Promise.resolve();
  return {
    of: (shardId: string): ShardProgress => state.shards[shardId] ?? {},
    async note(shardId: string, progress: ShardProgress): Promise<void> {
      state = { streamArn, shards: { ...state.shards, [shardId]: progress } };
      const text = JSON.stringify(state);
      written = written.then(async () => {
        await writeFile(`${file}.partial`, text);
        await rename(`${file}.partial`, file);
      });
      await written;
    },
  };
}

export type OpenMappingState = Awaited<ReturnType<typeof openMappingState>>;

async function read(file: string, streamArn: string): Promise<MappingState> {
  const text = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  const state = text === undefined ? undefined : (JSON.parse(text) as MappingState);
  return state?.streamArn === streamArn ? state : { streamArn, shards: {} };
}
