import { create } from "@bufbuild/protobuf";
import { ErrorReason, ListMembersRequestSchema, ListMessagesRequestSchema } from "@maru/protocol";
import { describe, expect, it } from "vitest";
import { isUserId } from "./page-position.ts";
import { fromPageToken, fromSeqToken, toPageToken } from "./page-token.ts";

const first = create(ListMembersRequestSchema, { roomId: "r", pageSize: 2 });
const token = toPageToken(ListMembersRequestSchema, first, "anna·安娜");
const invalid = expect.objectContaining({ reason: ErrorReason.PAGE_TOKEN_INVALID });

describe("a page token", () => {
  it("brings back the position", () => {
    expect(fromPageToken(ListMembersRequestSchema, { ...first, pageToken: token }, isUserId)).toBe("anna·安娜");
  });

  it("is not needed for the first page", () => {
    expect(fromPageToken(ListMembersRequestSchema, first, isUserId)).toBeUndefined();
    expect(fromSeqToken(ListMembersRequestSchema, first)).toBeUndefined();
  });

  it("allows another page size", () => {
    expect(fromPageToken(ListMembersRequestSchema, { ...first, pageSize: 9, pageToken: token }, isUserId)).toBe(
      "anna·安娜",
    );
  });

  it.each([
    ["other fields", { ...first, roomId: "s", pageToken: token }],
    ["a changed token", { ...first, pageToken: `A${token.slice(1)}` }],
    ["a token that is cut short", { ...first, pageToken: token.slice(0, 6) }],
    ["a token without a position", { ...first, pageToken: toPageToken(ListMembersRequestSchema, first, "") }],
    ["text that is no token", { ...first, pageToken: "?" }],
  ])("is refused with %s", (_what, request) => {
    expect(() => fromPageToken(ListMembersRequestSchema, request, isUserId)).toThrow(invalid);
  });

  it("is refused by another list", () => {
    const other = create(ListMessagesRequestSchema, { roomId: "r", pageToken: token });
    expect(() => fromPageToken(ListMessagesRequestSchema, other, isUserId)).toThrow(invalid);
  });

  it("is refused where a number is expected and something else stands", () => {
    const at = (position: string) => ({ ...first, pageToken: toPageToken(ListMembersRequestSchema, first, position) });
    expect(fromSeqToken(ListMembersRequestSchema, at("42"))).toBe(42);
    for (const position of ["-1", "4.2", "1e3", "x", "99999999999"]) {
      expect(() => fromSeqToken(ListMembersRequestSchema, at(position))).toThrow(invalid);
    }
  });
});
