export const traceparentHeader = "traceparent";

// W3C Trace Context, §3.2: version, trace id, parent id, flags. Later versions may have more after it.
const pattern = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const zeros = /^0+$/;
const sampledFlag = 1;

/**
 * The header as version 00 writes it, 55 bytes; empty when it is absent or not valid: a trace context never fails a call.
 * Of a later version only what this one knows is kept, as the recommendation asks.
 */
export function toTraceparent(header: string | undefined): string {
  const [, version, traceId = "", parentId = "", flags = "", rest] = pattern.exec(header ?? "") ?? [];
  if (version === undefined || version === "ff" || zeros.test(traceId) || zeros.test(parentId)) return "";
  if (version === "00") return rest === undefined ? `00-${traceId}-${parentId}-${flags}` : "";
  const sampled = Number.parseInt(flags, 16) & sampledFlag;
  return `00-${traceId}-${parentId}-0${sampled}`;
}
