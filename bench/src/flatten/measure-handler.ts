import { join } from "node:path";
import { median } from "../measure/quantile.ts";
import { startWorker } from "../measure/worker.ts";
import type { FlattenOrders, FlattenRound, Prepared, SideName } from "./flatten-orders.ts";

export interface HandlerPlan {
  readonly file: string;
  readonly records: number;
  readonly rounds: number;
}

/** Medians over the rounds of one side. */
export interface HandlerSide {
  /** Records in a second of CPU time of the whole process: what one core does. */
  readonly per_second_and_core: number;
  readonly cpu_us_per_record: number;
  readonly rounds_per_second_and_core: readonly number[];
}

export interface HandlerFigures {
  readonly prepared: Prepared;
  readonly bare: HandlerSide;
  readonly maru: HandlerSide;
  /** Of the rates. */
  readonly ratio: number;
}

/** Rounds that do not count: the compilers take so long. */
const warmUpRounds = 2;
const sideNames = ["bare", "maru"] as const;

/** Both sides take the same events, each in a process of its own, in turn. */
export async function measureHandler({ file, records, rounds }: HandlerPlan): Promise<HandlerFigures> {
  await using processes = new AsyncDisposableStack();
  const start = () => processes.use(startWorker<FlattenOrders>(join(import.meta.dirname, "flatten-side.ts")));
  const workers = { bare: start(), maru: start() };
  const prepared = await workers.bare.ask("prepare", { file, records, side: "bare" });
  await workers.maru.ask("prepare", { file, records, side: "maru" });
  const measured: Record<SideName, FlattenRound[]> = { bare: [], maru: [] };
  for (let round = 0; round < warmUpRounds + rounds; round++)
    for (const name of sideNames) {
      const one = await workers[name].ask("round");
      if (round >= warmUpRounds) measured[name].push(one);
    }
  const lost = measured.maru.find((one) => one.rows !== prepared.records);
  if (lost !== undefined) throw new Error(`${prepared.records} records made ${lost.rows} rows`);
  const [bare, maru] = [summarize(measured.bare, prepared), summarize(measured.maru, prepared)];
  return { prepared, bare, maru, ratio: maru.per_second_and_core / bare.per_second_and_core };
}

function summarize(rounds: readonly FlattenRound[], { records }: Prepared): HandlerSide {
  const rates = rounds.map(({ cpuMicros }) => (records / cpuMicros) * 1_000_000);
  return {
    per_second_and_core: median(rates),
    cpu_us_per_record: median(rounds.map(({ cpuMicros }) => cpuMicros / records)),
    rounds_per_second_and_core: rates,
  };
}
