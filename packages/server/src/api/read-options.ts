import type { BinaryReadOptions } from "@bufbuild/protobuf";

/** Fields of a newer client are ignored: kept, they would stand in the call's answer and in no later one. */
export const binaryReadOptions: Partial<BinaryReadOptions> = { readUnknownFields: false };

/** Text that is no UTF-8 is refused, as it is in the binary form, and not mended. Connect's types do not name the decoder. */
export const jsonReadOptions = {
  ignoreUnknownFields: true,
  textDecoder: new TextDecoder("utf-8", { fatal: true }),
};
