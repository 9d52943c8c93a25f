import { Code } from "@connectrpc/connect";
import { ErrorReason, reasonName } from "@maru/protocol";
import { MaruError } from "../errors.ts";
import type { Log } from "../log.ts";
import { codeName } from "./code-name.ts";
import type { ServiceCall } from "./service-call.ts";

export type AuditOutcome = "served" | "refused" | "failed";

/** One line for each refused call and each administrative one. Never what somebody wrote. */
export interface Audit {
  served(call: ServiceCall): void;
  failed(call: ServiceCall, code: Code, cause: unknown): void;
}

export const noAudit: Audit = { served: () => {}, failed: () => {} };

const maxListed = 20;

/** Written whatever the log's least level is. */
export function createAudit(log: Log): Audit {
  const lines = log.child({ audit: true }, { level: "info" });
  const write = (call: ServiceCall, outcome: AuditOutcome, code: string, reason?: string) =>
    lines.info({ ...factsOf(call), outcome, code, reason }, "audit");
  return {
    served(call) {
      if (call.method.administrative) write(call, "served", "OK");
    },
    failed(call, code, cause) {
      const reason = cause instanceof MaruError ? cause.reason : undefined;
      const refused = isRefusal(code, reason);
      if (!refused && !call.method.administrative) return;
      const name = reason === undefined ? undefined : reasonName(reason);
      write(call, refused ? "refused" : "failed", codeName(code), name);
    },
  };
}

/** The caller may not, or not yet: not what only the request's own facts forbid. */
function isRefusal(code: Code, reason: ErrorReason | undefined): boolean {
  return code === Code.PermissionDenied || code === Code.Unauthenticated || reason === ErrorReason.RATE_LIMITED;
}

function factsOf(call: ServiceCall) {
  const { method, request } = call;
  const { reader } = method;
  const [roomId, ...others] = request === undefined ? [] : reader.roomIdsOf(request);
  return {
    request_id: call.requestId,
    method: method.name,
    caller: call.caller || undefined,
    room_id: others.length === 0 ? roomId : undefined,
    room_ids: others.length === 0 ? undefined : [roomId, ...others].slice(0, maxListed),
    actor: request === undefined ? undefined : actorText(reader.actorOf(request)),
    ...(request === undefined ? {} : reader.subjectOf(request)),
  };
}

function actorText(actor: ReturnType<ServiceCall["method"]["reader"]["actorOf"]>): string | undefined {
  const { kind } = actor ?? {};
  return kind?.case === "userId" ? `user:${kind.value}` : kind?.case;
}
