import { type Maru, paginate } from "@maru/client";

/** A message as the service tells it: what the view `messages` must say too. */
export interface ServiceMessage {
  readonly seq: number;
  readonly userId: string | null;
  readonly text: string | null;
  readonly replyToSeq: number;
  readonly editCount: number;
}

/** All messages of a room that say something, in order, as anybody gets them from the service. */
export async function serviceMessages(maru: Maru, roomId: string): Promise<ServiceMessage[]> {
  const messages: ServiceMessage[] = [];
  for await (const entry of paginate(maru.messages.list, { roomId, after: 0 }, { timeoutMs: 30_000 })) {
    if (entry.body.case !== "messageSent" || entry.body.value.content === undefined) continue;
    const { content, replyToSeq, editCount } = entry.body.value;
    messages.push({
      seq: entry.seq,
      userId: entry.actor?.kind.case === "userId" ? entry.actor.kind.value : null,
      text: content.kind.case === "text" ? content.kind.value.text : null,
      ...{ replyToSeq, editCount },
    });
  }
  return messages;
}
