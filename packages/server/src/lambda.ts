import { openRelayFunction } from "./commands/relay-function.ts";
import { readConfig } from "./config.ts";

/** What AWS Lambda calls (docs/lambda.md). Connected when the instance starts, before its first batch. */
export const handler = await openRelayFunction(readConfig({ ...process.env, MARU_ROLES: "relay" }));
