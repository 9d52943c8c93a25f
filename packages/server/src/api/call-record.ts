import { Code, type ConnectError } from "@connectrpc/connect";
import { ErrorReason, reasonName } from "@maru/protocol";
import { MaruError } from "../errors.ts";
import type { Log } from "../log.ts";
import type { Telemetry } from "../telemetry.ts";
import { type Audit, noAudit } from "./audit.ts";
import { codeName } from "./code-name.ts";
import { toConnectError } from "./error-details.ts";
import type { ServiceCall } from "./service-call.ts";

/** Metrics and log lines of calls. */
export interface CallRecord {
  succeeded(call: ServiceCall): void;
  failed(call: ServiceCall, answer: ConnectError, cause: unknown): void;
  /** What came out of work whose caller had already been answered. */
  failedLate(call: ServiceCall, cause: unknown): void;
  /** Returns the answer. */
  unknownMethod(call: UnknownMethodCall): ConnectError;
}

export interface UnknownMethodCall {
  readonly method: string;
  readonly requestId: string;
  readonly protocol: string;
}

export interface CallRecordOptions {
  readonly log: Log;
  readonly telemetry: Telemetry;
  readonly audit?: Audit;
}

export function createCallRecord({ log, telemetry, audit = noAudit }: CallRecordOptions): CallRecord {
  const measure = (call: ServiceCall, code: string): number => {
    const durationMs = performance.now() - call.startedMs;
    const labels = { method: call.method.name, code };
    telemetry.calls.inc(labels);
    telemetry.callDuration.observe(labels, durationMs / 1000);
    return durationMs;
  };
  return {
    succeeded(call) {
      const durationMs = measure(call, "OK");
      audit.served(call);
      if (log.isLevelEnabled("debug")) {
        log.debug({ ...describe(call), code: "OK", duration_ms: durationMs }, "call served");
      }
    },
    failed(call, answer, cause) {
      const code = codeName(answer.code);
      const durationMs = measure(call, code);
      audit.failed(call, answer.code, cause);
      const level = levelOf(answer.code);
      if (log.isLevelEnabled(level)) {
        const reason = cause instanceof MaruError ? reasonName(cause.reason) : undefined;
        const error = cause instanceof MaruError ? cause.cause : cause;
        const fields = { code, reason, answer: answer.rawMessage, duration_ms: durationMs, error };
        log[level]({ ...describe(call), ...fields }, "call failed");
      }
    },
    failedLate(call, cause) {
      const foreseen = cause instanceof MaruError || (cause instanceof Error && cause.name === "AbortError");
      log[foreseen ? "debug" : "warn"]({ ...describe(call), error: cause }, "work of an ended call failed");
    },
    unknownMethod({ method, requestId, protocol }) {
      // The caller chose the name, so it is no label.
      telemetry.calls.inc({ method: "unknown", code: "UNIMPLEMENTED" });
      log.info({ request_id: requestId, method, protocol, code: "UNIMPLEMENTED" }, "call failed");
      return toConnectError(new MaruError(ErrorReason.METHOD_UNKNOWN, { metadata: { method } }), requestId);
    },
  };
}

function describe(call: ServiceCall) {
  return {
    request_id: call.requestId,
    method: call.method.name,
    caller: call.caller || undefined,
    protocol: call.protocol,
  };
}

function levelOf(code: Code): "info" | "warn" | "error" {
  switch (code) {
    case Code.Internal:
    case Code.Unknown:
    case Code.DataLoss:
      return "error";
    case Code.Unavailable:
    case Code.DeadlineExceeded:
    case Code.ResourceExhausted:
    case Code.Aborted:
      return "warn";
    default:
      return "info";
  }
}
