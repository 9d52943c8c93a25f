import { parentPort, workerData } from "node:worker_threads";
import { type Chunk, simulateChunk } from "./simulate-chunk.ts";

let isStopped = false;
parentPort?.once("message", () => {
  isStopped = true;
});
const result = await simulateChunk(workerData as Chunk, {
  isStopped: () => isStopped,
  onText: (text) => parentPort?.postMessage({ text }),
  onSchedule: () => parentPort?.postMessage({}),
});
parentPort?.postMessage({ result });
// What the schedules left unfinished would keep the thread.
process.exit();
