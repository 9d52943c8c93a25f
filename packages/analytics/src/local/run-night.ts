import { join } from "node:path";
import type { LakeFiles } from "../lake/lake-files.ts";
import { type NightInput, planNight } from "../statistics/plan-night.ts";
import { readStatistics } from "../statistics/read-statistics.ts";
import { readWorkflow } from "../template/read-workflow.ts";
import { type AthenaDeps, keyIn, type StartQueryExecution, startQueryExecution } from "./athena.ts";
import { runWorkflow } from "./run-workflow.ts";

export interface NightOptions {
  readonly files: LakeFiles;
  readonly bucket: string;
  readonly database: string;
  readonly timeZone: string;
  readonly query: AthenaDeps["query"];
  readonly input: NightInput;
  readonly onAlarm: (message: string) => void;
}

const packageFolder = join(import.meta.dirname, "../..");

/** Runs the night's workflow here: its own file, with Trino in the place of Athena. Rejects when it ends as failed. */
export async function runNight(options: NightOptions): Promise<unknown> {
  const { files, bucket, database, timeZone, query, input, onAlarm } = options;
  const statistics = readStatistics(join(packageFolder, "sql/statistics"));
  return runWorkflow({
    workflow: readWorkflow({
      ...{ PlanNight: "plan-night", Lake: bucket, Database: database, WorkGroup: "local", Alarms: "alarms" },
    }),
    input,
    pauseMs: 10,
    handlers: {
      "arn:aws:states:::lambda:invoke": async ({ Payload }: { Payload: NightInput }) => ({
        Payload: planNight(statistics, timeZone, Payload),
      }),
      "arn:aws:states:::athena:startQueryExecution.sync": (start: StartQueryExecution) =>
        startQueryExecution({ query, files, bucket }, start),
      "arn:aws:states:::aws-sdk:s3:copyObject": async (copy: { CopySource: string; Key: string }) => {
        await files.copy(keyIn(bucket, `s3://${copy.CopySource}`), copy.Key);
        return {};
      },
      "arn:aws:states:::sns:publish": async ({ Message }: { Message: string }) => {
        onAlarm(Message);
        return {};
      },
    },
  });
}
