import { messageOf300Bytes } from "../measure/message.ts";

/** The request of every call. */
export const sample = messageOf300Bytes(
  "room-0000000000000001",
  "user-00000001",
  "0198c0de-0000-7000-8000-000000000000",
);
