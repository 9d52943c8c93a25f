import type { DescMessage, MessageInitShape } from "@bufbuild/protobuf";
import { create, toBinary } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { ERROR_DOMAIN, ErrorInfoSchema, ErrorReason, reasonName } from "@maru/protocol";

/** The request's bytes. A value that its field cannot hold is INVALID_REQUEST, as if the server had said so. */
export function encodeRequest<I extends DescMessage>(input: I, request: MessageInitShape<I>): Buffer {
  try {
    const bytes = toBinary(input, create(input, request));
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  } catch (cause) {
    const info = { domain: ERROR_DOMAIN, reason: reasonName(ErrorReason.INVALID_REQUEST) };
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new ConnectError(message, Code.InvalidArgument, undefined, [{ desc: ErrorInfoSchema, value: info }], cause);
  }
}
