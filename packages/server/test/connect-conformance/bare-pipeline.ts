import { ConnectError } from "@connectrpc/connect";
import { ErrorReason } from "@maru/protocol";
import { createCallRecord } from "../../src/api/call-record.ts";
import { codeOf } from "../../src/api/error-details.ts";
import { InFlight } from "../../src/api/in-flight.ts";
import type { Pipeline } from "../../src/api/interceptors.ts";
import { createReadiness } from "../../src/api/readiness.ts";
import { MaruError } from "../../src/errors.ts";
import { createLog } from "../../src/log.ts";
import { allowServices } from "../../src/policy/policy.ts";
import { RateLimiter } from "../../src/policy/rate-limiter.ts";
import { createTelemetry } from "../../src/telemetry.ts";

/** Maru's steps around a call, without what is Maru's contract: the runner counts the details of errors. */
export function barePipeline() {
  const log = createLog("fatal", process.stderr);
  const telemetry = createTelemetry({ processMetrics: false });
  const inFlight = new InFlight();
  const pipeline: Pipeline = {
    identity: {
      callerOf() {
        throw new Error("nobody needs a token here");
      },
    },
    grants: {
      policy: allowServices([]),
      rates: new RateLimiter(Date.now),
      findRoomKinds: async () => new Map(),
    },
    validate: () => {},
    inFlight,
    record: {
      ...createCallRecord({ log, telemetry }),
      unknownMethod: () => toBareError(new MaruError(ErrorReason.METHOD_UNKNOWN)),
    },
    toAnswer: toBareError,
    defaultDeadlineMs: 60_000,
  };
  const readiness = createReadiness({ checks: [], inFlight, timeoutMs: 1_000, maxAgeMs: 1_000 });
  return { pipeline, parts: { log, telemetry, readiness } };
}

/** Errors of the service as they are, and those of the bridges without the details of Maru's contract. */
function toBareError(error: unknown): ConnectError {
  return error instanceof MaruError ? new ConnectError(error.message, codeOf(error.reason)) : ConnectError.from(error);
}
