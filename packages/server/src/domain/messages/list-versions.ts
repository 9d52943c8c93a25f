import { create } from "@bufbuild/protobuf";
import type { Content, Entry, ListMessageVersionsRequest, Mention, Message, MessageVersion } from "@maru/protocol";
import { ContentSchema, MessageVersionSchema } from "@maru/protocol";
import type { Call } from "../call.ts";
import type { Domain } from "../domain.ts";
import type { LoggedEntry } from "../store.ts";
import { readMessage } from "./get.ts";

/** What the message said, as far as the viewer may see it. An edit that retention has removed is left out. */
export async function listMessageVersions(
  domain: Domain,
  call: Call,
  request: ListMessageVersionsRequest,
): Promise<MessageVersion[]> {
  const found = await readMessage(domain, call, request);
  const { entry, record } = found;
  const message = entry.body.value as Message;
  if (message.content === undefined) return [];
  const changes = await domain.store.readEntriesAt(request.roomId, record?.contentSeqs ?? []);
  return [firstVersion(found, message), ...changes.flatMap((change) => laterVersion(change.entry))];
}

function firstVersion({ entry, record }: Pick<LoggedEntry, "entry" | "record">, message: Message): MessageVersion {
  const { content, mentions } = record?.original ?? message;
  return toVersion(entry, content, mentions);
}

/** None for a commit, which says what the message said before; nor where a deletion came in between. */
function laterVersion(entry: Entry): MessageVersion[] {
  const { body } = entry;
  if (body.case === "messageEdited" && body.value.content !== undefined) {
    return [toVersion(entry, body.value.content, body.value.mentions)];
  }
  if (body.case === "cardUpdated" && body.value.card !== undefined) {
    return [toVersion(entry, create(ContentSchema, { kind: { case: "card", value: body.value.card } }), [])];
  }
  return [];
}

function toVersion(
  { seq, actor, createdAt }: Entry,
  content: Content | undefined,
  mentions: readonly Mention[],
): MessageVersion {
  return create(MessageVersionSchema, { seq, actor, createdAt, content, mentions: [...mentions] });
}
