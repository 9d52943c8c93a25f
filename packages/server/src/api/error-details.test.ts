import { fromBinary } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import { BadRequestSchema, ErrorInfoSchema, ErrorReason, reasonName, StatusSchema } from "@maru/protocol";
import { expect, test } from "vitest";
import { errorTable, MaruError } from "../errors.ts";
import { toConnectError, toStatusBytes } from "./error-details.ts";

test("every reason of the table becomes an error of its status, with its full name", () => {
  for (const key of Object.keys(errorTable)) {
    const reason: ErrorReason = Number(key);
    const error = toConnectError(new MaruError(reason), "r");
    const status = Code[error.code].replace(/(?<=[a-z])(?=[A-Z])/g, "_").toUpperCase();
    expect(status.replace("CANCELED", "CANCELLED")).toBe(errorTable[reason].status);
    expect(error.findDetails(ErrorInfoSchema)[0]).toMatchObject({ reason: reasonName(reason), domain: "maru.chat.v1" });
  }
});

test("the largest error stays below the 8 KiB that headers may have", () => {
  const violations = Array.from({ length: 500 }, () => ({ field: "f".repeat(5000), description: "d".repeat(5000) }));
  const error = new MaruError(ErrorReason.INVALID_REQUEST, { violations, message: "m".repeat(50_000) });
  const bytes = toStatusBytes(toConnectError(error, "r".repeat(128)));
  expect((bytes.length * 4) / 3).toBeLessThan(7 * 1024);
  expect(fromBinary(StatusSchema, bytes).code).toBe(Code.InvalidArgument);
});

test("half a character at the cut does not spoil the header", () => {
  const error = toConnectError(new MaruError(ErrorReason.INTERNAL, { message: `${"m".repeat(255)}😀` }), "r");
  expect(() => encodeURI(error.rawMessage)).not.toThrow();
});

test("the few violations that fit say that there are more", () => {
  const violations = Array.from({ length: 30 }, (_, index) => ({ field: `f${index}`, description: "must be" }));
  const error = toConnectError(new MaruError(ErrorReason.INVALID_REQUEST, { violations }), "r");
  const fields = error.findDetails(BadRequestSchema)[0]?.fieldViolations ?? [];
  expect(fields.at(-1)).toMatchObject({ field: "", description: "and 18 more" });
});
