import assert from "node:assert/strict";
import type { DescMessage, DescMethodUnary, MessageInitShape } from "@bufbuild/protobuf";
import { Int32ValueSchema } from "@bufbuild/protobuf/wkt";
import { isReason, service, text } from "@maru/client";
import { ErrorReason, MessageService, RoomService } from "@maru/protocol";
import type { Clients, ConformanceCase } from "./conformance-case.ts";
import { refused } from "./scene.ts";

const mebibyte = 1 << 20;
/** More than a deployment can set: MARU_MAX_REQUEST_BYTES is 64 MiB at most. */
const mostBytes = 128 * mebibyte;

/** A call that the contract does not have. */
async function call<I extends DescMessage>(
  { transport }: Clients,
  method: DescMethodUnary<I>,
  input: MessageInitShape<I>,
): Promise<void> {
  await transport.unary(method, undefined, undefined, undefined, input);
}

function isInvalid(sent: Promise<unknown>): Promise<boolean> {
  return sent.then(
    () => false,
    (error: unknown) => isReason(error, ErrorReason.INVALID_REQUEST),
  );
}

export const requestCases: readonly ConformanceCase[] = [
  {
    name: "a request that breaks rules of the contract is told which fields do",
    calls: [],
    refuses: ["INVALID_REQUEST"],
    async run({ rooms, messages }) {
      const { violations } = await refused("INVALID_REQUEST", rooms.getRoom({ roomId: "no room" }));
      assert.deepEqual(
        violations.map(({ field }) => field),
        ["room_id"],
      );
      await refused("INVALID_REQUEST", messages.sendMessage({ roomId: "r", actor: service(), content: text("") }));
    },
  },
  {
    name: "bytes that are no message of the type are refused",
    calls: [],
    refuses: ["MALFORMED_REQUEST"],
    async run(context) {
      // As bytes: field 1 with a length beyond the end. As JSON: a number where an object must be.
      const malformed = { ...RoomService.method.getRoom, input: Int32ValueSchema };
      await refused("MALFORMED_REQUEST", call(context, malformed, { value: 0x7f }));
    },
  },
  {
    name: "a method that the server does not have is told apart",
    calls: [],
    refuses: ["METHOD_UNKNOWN"],
    async run(context) {
      const unknown = { ...RoomService.method.getRoom, name: "PaintRoom", localName: "paintRoom" };
      const { metadata } = await refused("METHOD_UNKNOWN", call(context, unknown, { roomId: "r" }));
      assert.deepEqual(metadata, { method: "maru.chat.v1.RoomService/PaintRoom" });
    },
  },
  {
    name: "a request that is larger than the server reads is refused, with the limit",
    calls: [],
    refuses: ["REQUEST_TOO_LARGE"],
    async run(context) {
      const send = (size: number) =>
        call(context, MessageService.method.sendMessage, {
          roomId: "r",
          actor: service(),
          content: text("x".repeat(size)),
        });
      let sizeBytes = 2 * mebibyte;
      let sent = send(sizeBytes);
      // What is read whole breaks the contract: no text may be so long.
      while (sizeBytes < mostBytes && (await isInvalid(sent))) {
        sizeBytes *= 2;
        sent = send(sizeBytes);
      }
      const { metadata } = await refused("REQUEST_TOO_LARGE", sent);
      assert.ok(Number(metadata.limitBytes) < sizeBytes);
    },
  },
];
