import { create, toBinary } from "@bufbuild/protobuf";
import { type SendMessageRequest, SendMessageRequestSchema } from "@maru/protocol";

export const requestSizeBytes = 300;

/** A SendMessage whose encoding has 300 bytes. */
export function messageOf300Bytes(roomId: string, userId: string, idempotencyKey: string): SendMessageRequest {
  const withText = (chars: number) =>
    create(SendMessageRequestSchema, {
      roomId,
      actor: { kind: { case: "userId", value: userId } },
      content: { kind: { case: "text", value: { text: words.slice(0, chars) } } },
      idempotencyKey,
    });
  const sizeBytes = (request: SendMessageRequest) => toBinary(SendMessageRequestSchema, request).byteLength;
  let chars = requestSizeBytes - sizeBytes(withText(0));
  while (sizeBytes(withText(chars)) > requestSizeBytes) chars--;
  return withText(chars);
}

const words = "we meet at the corner of the park at half past six, and I bring the bicycle ".repeat(4);
