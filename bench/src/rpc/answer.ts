import { create, type MessageShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { type SendMessageRequest, SendMessageResponseSchema } from "@maru/protocol";

/** What both servers answer: the message as an entry. Made once; each call encodes it anew. */
export function toAnswer(request: SendMessageRequest): MessageShape<typeof SendMessageResponseSchema> {
  return create(SendMessageResponseSchema, {
    entry: {
      roomId: request.roomId,
      seq: 42,
      type: "message_sent",
      actor: request.actor,
      caller: "bench",
      createdAt: timestampFromMs(Date.now()),
      stateSeq: 1,
      idempotencyKey: request.idempotencyKey,
      body: { case: "messageSent", value: { content: request.content } },
    },
  });
}
