import type { Maru } from "@maru/client";
import type { Entry, Message } from "@maru/protocol";
import { found } from "./scene.ts";

/** The message that an entry is. */
export function messageOf(entry: Entry | undefined): Message {
  const { body } = found(entry);
  if (body.case !== "messageSent") throw new Error(`a message was expected, not ${body.case}`);
  return body.value;
}

/** The message as a service sees it. */
export async function readMessage(maru: Maru, roomId: string, seq: number): Promise<Message> {
  return messageOf((await maru.messages.get({ roomId, seq })).entry);
}

export function textOf({ content }: Pick<Message, "content">): string | undefined {
  return content?.kind.case === "text" ? content.kind.value.text : undefined;
}
