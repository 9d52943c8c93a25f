import type { LambdaBatchAnswer, LambdaContext } from "@maru/server/relay/lambda.ts";
import type { LambdaStreamEvent, LambdaStreamRecord } from "@maru/server/relay/lambda-record.ts";
import { deliver } from "./deliver.ts";
import type { DeliveryStream } from "./delivery-stream.ts";
import type { FailedRecord, FailurePlace } from "./failure-place.ts";
import { type ToRowsDeps, toRows } from "./to-rows.ts";

export interface FlattenLog {
  info(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface FlattenHandlerDeps extends ToRowsDeps {
  readonly stream: DeliveryStream;
  readonly failures: FailurePlace;
  readonly log: FlattenLog;
  readonly nowMs: () => number;
  readonly random: () => number;
  /** From this age on a record that is not taken goes to the failure place, and those behind it go on. Default 10 minutes. */
  readonly giveUpAfterMs?: number;
  /** How long before the end of its time the function answers with what it has done. Default 5,000. */
  readonly answerMarginMs?: number;
}

export type FlattenHandler = (event: LambdaStreamEvent, context: LambdaContext) => Promise<LambdaBatchAnswer>;

/**
 * Brings a batch of the table's stream to the lake. Each record ends in one of three places: Firehose took its row; the
 * failure place has it whole; or the answer names it, and Lambda hands it over again with all that follow. So nothing is
 * lost, rows may come twice, and no record holds up its shard for much longer than `giveUpAfterMs`.
 */
export function createFlattenHandler(deps: FlattenHandlerDeps): FlattenHandler {
  const { giveUpAfterMs = 600_000, answerMarginMs = 5_000 } = deps;
  return async ({ Records: records }, context) => {
    const signal = AbortSignal.timeout(Math.max(0, context.getRemainingTimeInMillis() - answerMarginMs));
    const { rows, unreadable, waiting } = await toRows(deps, records);
    const undelivered = await deliver(rows, { stream: deps.stream, random: deps.random, signal });
    const missing = [...waiting, ...[...undelivered].map(([{ record }, why]) => ({ record, why }))];
    const hasTime = ({ record }: FailedRecord): boolean => deps.nowMs() - committedAtMs(record) < giveUpAfterMs;
    const lost = [...unreadable, ...missing.filter((one) => !hasTime(one))];
    const keeping = await keep(deps, lost);
    const again = [...missing.filter(hasTime), ...(keeping.isDone ? [] : lost)];
    tell(deps.log, { records, again, kept: keeping.isDone ? lost : [], keeping });
    return answer(records, again);
  };
}

async function keep({ failures }: FlattenHandlerDeps, records: readonly FailedRecord[]) {
  if (records.length === 0) return { isDone: true };
  try {
    // Its own time: what there is before the answer, and that is little.
    await failures.write(records, AbortSignal.timeout(4_000));
    return { isDone: true };
  } catch (error) {
    return { isDone: false, error };
  }
}

/** Lambda begins again at the first record that is named here. */
function answer(records: readonly LambdaStreamRecord[], again: readonly FailedRecord[]): LambdaBatchAnswer {
  const named = new Set(again.map(({ record }) => record));
  const first = records.find((record) => named.has(record));
  if (first === undefined) return { batchItemFailures: [] };
  // A record without a number cannot be named: the empty name stands for the whole batch.
  return { batchItemFailures: [{ itemIdentifier: first.dynamodb?.SequenceNumber ?? "" }] };
}

/** One line for each batch: an alarm sums up its `putAside`. */
function tell(
  log: FlattenLog,
  batch: {
    readonly records: readonly LambdaStreamRecord[];
    readonly again: readonly FailedRecord[];
    readonly kept: readonly FailedRecord[];
    readonly keeping: { readonly isDone: boolean; readonly error?: unknown };
  },
): void {
  const { records, again, kept, keeping } = batch;
  const figures = {
    records: records.length,
    delivered: records.length - again.length - kept.length,
    again: again.length,
    putAside: kept.length,
  };
  const why = (again[0] ?? kept[0])?.why;
  if (!keeping.isDone) log.error({ ...figures, why, error: keeping.error }, "the failure place cannot be written to");
  else if (again.length > 0) log.error({ ...figures, why }, "a part of a batch comes again");
  else if (kept.length > 0) log.error({ ...figures, why }, "records were put aside");
  else log.info(figures, "delivered a batch");
}

function committedAtMs({ dynamodb }: LambdaStreamRecord): number {
  return (dynamodb?.ApproximateCreationDateTime ?? 0) * 1000;
}
