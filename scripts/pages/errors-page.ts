import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createFileRegistry, fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { ErrorReason } from "../../packages/protocol/src/index.ts";
import { errorTable } from "../../packages/server/src/errors.ts";

const descriptorSet = join(import.meta.dirname, "../../packages/protocol/src/gen/descriptors.binpb");

/**
 * docs/errors.md: one row for each reason, from the contract's comments. Throws where a comment and the server's table
 * do not say the same status, so that neither can change alone.
 */
export async function errorsPage(): Promise<string> {
  const comments = commentsOfReasons();
  const rows: string[] = [];
  for (const [number, { status }] of Object.entries(errorTable)) {
    const name = `ERROR_REASON_${ErrorReason[Number(number)]}`;
    const comment = comments.get(name);
    if (comment === undefined) throw new Error(`${name} stands in the server's table but not in the contract`);
    comments.delete(name);
    if (name === "ERROR_REASON_UNSPECIFIED") continue;
    const parts = /^([A-Z_]+)\. (.*?)\.(?: Metadata: (.*)\.)?$/s.exec(comment);
    if (parts === null) throw new Error(`${name}: the comment is not "CODE. What happened. Metadata: keys."`);
    const [, code = "", what = "", metadata = ""] = parts;
    if (code !== status) throw new Error(`${name}: the contract says ${code}, the server's table says ${status}`);
    const keys =
      metadata === ""
        ? ""
        : metadata
            .split(", ")
            .map((key) => `\`${key}\``)
            .join(", ");
    rows.push(`| \`${name}\` | ${code} | ${what} | ${keys} |`);
  }
  if (comments.size > 0) throw new Error(`not in the server's table: ${[...comments.keys()].join(", ")}`);
  return `${intro}${rows.join("\n")}\n`;
}

const intro = `# Errors

Every refusal is a gRPC status with typed details, over every protocol:

- \`google.rpc.ErrorInfo\`: \`domain\` is \`maru.chat.v1\`, \`reason\` is a name from the table below, \`metadata\` has the keys of the table.
- \`google.rpc.BadRequest\` with the field and what is wrong with it, where the request breaks a rule.
- \`google.rpc.RetryInfo\` where trying again later helps.
- \`google.rpc.RequestInfo\`, and the header \`x-request-id\`: the id under which the server's log knows the call.

In TypeScript: \`isReason(error, ErrorReason.ROOM_FROZEN)\`; the metadata's keys are in lowerCamelCase there.

This page is made by \`npm run generate\` from the comments of \`proto/maru/chat/v1/error_reason.proto\`.

| Reason | Status | What happened | Metadata |
|---|---|---|---|
`;

function commentsOfReasons(): Map<string, string> {
  const set = fromBinary(FileDescriptorSetSchema, readFileSync(descriptorSet));
  const file = createFileRegistry(set).getFile("maru/chat/v1/error_reason.proto");
  if (file === undefined) throw new Error("the descriptor set lacks error_reason.proto");
  const enumIndex = file.proto.enumType.findIndex(({ name }) => name === "ErrorReason");
  const values = file.proto.enumType[enumIndex]?.value ?? [];
  const comments = new Map<string, string>();
  for (const { path, leadingComments } of file.proto.sourceCodeInfo?.location ?? []) {
    // Path of a value's comment: field 5 (enum_type), its index, field 2 (value), its index.
    if (path.length !== 4 || path[0] !== 5 || path[1] !== enumIndex || path[2] !== 2) continue;
    comments.set(values[path[3] ?? -1]?.name ?? "", leadingComments.trim().replace(/\s+/g, " "));
  }
  return comments;
}
