import { createHash } from "node:crypto";
import type { DescMessage, MessageShape } from "@bufbuild/protobuf";
import { toBinary } from "@bufbuild/protobuf";
import { ErrorReason } from "@maru/protocol";
import { MaruError } from "../errors.ts";
import type { IsPosition } from "./page-position.ts";

type PageRequest = { readonly pageToken: string; readonly pageSize: number };

/** A token holds where to go on, and a hash of the request's other fields, so that it fits no other list. */
export function toPageToken<Desc extends DescMessage>(
  schema: Desc,
  request: MessageShape<Desc> & PageRequest,
  position: string,
): string {
  return Buffer.from(`${fingerprint(schema, request)}${position}`).toString("base64url");
}

/** The position of the request's token; undefined for the first page. */
export function fromPageToken<Desc extends DescMessage>(
  schema: Desc,
  request: MessageShape<Desc> & PageRequest,
  isPosition: IsPosition,
): string | undefined {
  if (request.pageToken === "") return undefined;
  const text = Buffer.from(request.pageToken, "base64url").toString();
  const expected = fingerprint(schema, request);
  const position = text.slice(expected.length);
  if (!text.startsWith(expected) || !isPosition(position)) throw invalidToken();
  return position;
}

/** The same where the position is an entry's number. */
export function fromSeqToken<Desc extends DescMessage>(
  schema: Desc,
  request: MessageShape<Desc> & PageRequest,
): number | undefined {
  const position = fromPageToken(schema, request, (text) => /^\d{1,10}$/.test(text));
  return position === undefined ? undefined : Number(position);
}

export function invalidToken(): MaruError {
  return new MaruError(ErrorReason.PAGE_TOKEN_INVALID, {
    violations: [{ field: "page_token", description: "was not made by this call with these other fields" }],
  });
}

function fingerprint<Desc extends DescMessage>(schema: Desc, request: MessageShape<Desc> & PageRequest): string {
  const bare = toBinary(schema, { ...request, pageToken: "", pageSize: 0, $unknown: undefined });
  return createHash("sha256").update(schema.typeName).update(bare).digest("base64url").slice(0, 8);
}
