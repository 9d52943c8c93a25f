import { describe, expect, it } from "vitest";
import { toTraceparent } from "./traceparent.ts";

const traceId = "4bf92f3577b34da6a3ce929d0e0e4736";
const parentId = "00f067aa0ba902b7";
const valid = `00-${traceId}-${parentId}-01`;

describe("the trace context of a call", () => {
  it("is kept as it came", () => {
    expect(toTraceparent(valid)).toBe(valid);
    expect(toTraceparent(`00-${traceId}-${parentId}-00`)).toBe(`00-${traceId}-${parentId}-00`);
  });

  it.each([
    ["absent", undefined],
    ["empty", ""],
    ["of the forbidden version", `ff-${traceId}-${parentId}-01`],
    ["without a trace", `00-${"0".repeat(32)}-${parentId}-01`],
    ["without a parent", `00-${traceId}-${"0".repeat(16)}-01`],
    ["in capitals", valid.toUpperCase()],
    ["too short", valid.slice(0, -1)],
    ["longer than its version says", `${valid}-what-else`],
    ["two headers joined", `${valid}, ${valid}`],
    ["endless", `${valid}${"0".repeat(100_000)}`],
  ])("is ignored when it is %s", (_, header) => {
    expect(toTraceparent(header)).toBe("");
  });

  it("of a later version is cut to what this one knows", () => {
    expect(toTraceparent(`cc-${traceId}-${parentId}-09-what-the-future-will-be-like`)).toBe(valid);
    expect(toTraceparent(`cc-${traceId}-${parentId}-08`)).toBe(`00-${traceId}-${parentId}-00`);
    expect(toTraceparent(`cc-${traceId}-${parentId}-01.what`)).toBe("");
  });
});
