import { Worker } from "node:worker_threads";
import { type Chunk, type ChunkResult, type ChunkWatch, simulateChunk } from "./simulate-chunk.ts";

/** Machines that die leave what they were doing unfinished, and Node keeps signals that somebody listens to: about 100 KB each. */
const chunkSize = 2_000;

/** Many schedules, by threads that each run some of them, and give their memory back. */
export async function runChunks(all: Chunk, watch: ChunkWatch): Promise<ChunkResult[]> {
  if (all.count <= chunkSize) return [await simulateChunk(all, watch)];
  const results: ChunkResult[] = [];
  for (let done = 0; done < all.count && !watch.isStopped(); done += chunkSize) {
    const count = Math.min(chunkSize, all.count - done);
    const result = await runInThread({ ...all, firstSeed: all.firstSeed + done, count }, watch);
    results.push(result);
    if (result.failedSeeds.length > 0 && !all.keepGoing) break;
  }
  return results;
}

function runInThread(chunk: Chunk, watch: ChunkWatch): Promise<ChunkResult> {
  const worker = new Worker(new URL("chunk-worker.ts", import.meta.url), { workerData: chunk });
  return new Promise((resolve, reject) => {
    worker.on("message", ({ text, result }: { text?: string; result?: ChunkResult }) => {
      if (result !== undefined) return resolve(result);
      if (text === undefined) watch.onSchedule();
      else watch.onText(text);
      if (watch.isStopped()) worker.postMessage("stop");
    });
    worker.once("error", reject);
    worker.once("exit", (code) => reject(new Error(`a thread ended with ${code}`)));
  });
}
