import { type Entry, MemberRole, type Message } from "@maru/protocol";
import type { AttributeMap } from "@maru/server/store/attribute-map.ts";
import { importPosition } from "@maru/server/store/imported-items.ts";
import { fromItem, fromMemberItem, fromMetaItem } from "@maru/server/store/items.ts";
import { itemKind } from "@maru/server/store/keys.ts";
import type { ImportSettings } from "../room-log/import-settings.ts";
import { sourceMicros, toMicros } from "../room-log/imported-entry.ts";
import { compareIds } from "../room-log/source-rows.ts";
import type { Target } from "../target/connect-target.ts";
import { queryRoom } from "../target/room-items.ts";
import type { MemberView, MessageView, RoomView } from "./room-view.ts";
import { attachmentText } from "./source-view.ts";

/** Beside an entry that was written here and brought back to the source: its id there. */
export const sourceIdAttribute = "source_id";

export interface MaruView extends RoomView {
  /** Where the room lives; "" for here. */
  readonly authority: string;
  readonly lastSeq: number;
  readonly lastPosition: string;
  /** Numbers that are missing, and entries that are not in the order in which they were brought. */
  readonly disorder: readonly Disorder[];
  /** The message that a position in the source stands for; "" for none. */
  lastReadOf(messageId: string): string;
}

export interface Disorder {
  readonly seq: number;
  readonly id: string;
  readonly what: string;
}

interface Placed extends MessageView {
  readonly seq: number;
  readonly position: string;
}

/** A room of the table as people see it. */
export async function readMaruView(
  settings: ImportSettings,
  target: Target,
  roomId: string,
  options: { readonly consistent: boolean },
): Promise<MaruView> {
  const members: AttributeMap[] = [];
  const placed: Placed[] = [];
  const disorder: Disorder[] = [];
  const seqOf = new Map<number, string>();
  let meta: AttributeMap | undefined;
  let [lastSeq, purgedBelow, lastPosition] = [0, 1, ""];
  for await (const items of queryRoom(target, roomId, options)) {
    for (const item of items) {
      const key = itemKind(item.sk?.S ?? "");
      if (key.kind === "member") members.push(item);
      if (key.kind === "meta") meta = item;
      if (key.kind !== "entry") continue;
      const { entry } = fromItem(item);
      const position = item[importPosition]?.S ?? "";
      if (position !== "") lastPosition = position;
      if (key.seq !== lastSeq + 1)
        disorder.push({ seq: key.seq, id: "", what: `entries ${lastSeq + 1} to ${key.seq - 1} are missing` });
      lastSeq = key.seq;
      if (entry.body.case !== "messageSent") continue;
      const id = sourceIdOf(entry, item);
      seqOf.set(key.seq, id);
      placed.push({ ...toMessageView(settings, entry, entry.body.value, id, seqOf), seq: key.seq, position });
    }
  }
  const room = meta && fromMetaItem(meta);
  purgedBelow = room?.purgedBelow ?? 0;
  disorder.push(...disorderOf(placed));
  const inOrderOfIds = placed.toSorted((a, b) => compareIds(a.id, b.id));
  return {
    room: room && { kind: room.kind, title: room.title, subject: room.subject, closed: room.closed },
    authority: room?.authority ?? "",
    lastSeq,
    lastPosition: [lastPosition, meta?.[importPosition]?.S ?? ""].sort().at(-1) ?? "",
    disorder: disorder.filter(({ seq }) => seq > purgedBelow),
    messages: inOrderOfIds,
    members: new Map(
      members.map((item) => toMemberView(settings, item, placed)).map((member) => [member.userId, member]),
    ),
    lastReadOf: (messageId) => inOrderOfIds.findLast(({ id }) => compareIds(id, messageId) <= 0)?.id ?? "",
  };
}

/** What was copied comes in the order of ids, what was followed in that of commits. */
function disorderOf(placed: readonly Placed[]): Disorder[] {
  const found: Disorder[] = [];
  for (const [index, { id, seq, position }] of placed.entries()) {
    const before = placed[index - 1];
    if (before === undefined || id === "" || before.id === "") continue;
    const isCopied = position === "" && before.position === "";
    const isWrong = isCopied ? compareIds(before.id, id) >= 0 : position !== "" && before.position > position;
    if (isWrong) found.push({ seq, id, what: `message ${id} comes behind ${before.id}` });
  }
  return found;
}

function sourceIdOf({ imported }: Entry, item: AttributeMap): string {
  return imported?.sourceId.replace(/^messages\//, "") ?? item[sourceIdAttribute]?.S ?? "";
}

function toMessageView(
  settings: ImportSettings,
  entry: Entry,
  message: Message,
  id: string,
  seqOf: ReadonlyMap<number, string>,
): MessageView {
  const { content, deletion, editedAt, replyToSeq } = message;
  const { text, attachments } = toSaying(content);
  return {
    id,
    senderId: entry.actor?.kind.case === "userId" ? withoutPrefix(settings.userIdPrefix, entry.actor.kind.value) : "",
    createdAt: sourceMicros(entry),
    editedAt: editedAt && toMicros(editedAt),
    deletedAt: deletion?.deletedAt && toMicros(deletion.deletedAt),
    replyToId: seqOf.get(replyToSeq) ?? "",
    text,
    attachments,
  };
}

function toSaying(content: Message["content"]): { text: string; attachments: string[] } {
  const kind = content?.kind;
  if (kind?.case === "text") return { text: kind.value.text, attachments: [] };
  if (kind?.case !== "media") return { text: kind?.case === undefined ? "" : `(${kind.case})`, attachments: [] };
  const attachments = kind.value.items.map((item) => attachmentText({ ...item, sizeBytes: Number(item.sizeBytes) }));
  return { text: kind.value.caption, attachments };
}

function toMemberView(settings: ImportSettings, item: AttributeMap, placed: readonly Placed[]): MemberView {
  const { userId, role, joinedSeq, leftSeq, readSeq } = fromMemberItem(item);
  return {
    userId: withoutPrefix(settings.userIdPrefix, userId),
    present: joinedSeq > 0 && leftSeq === 0,
    role: role === MemberRole.ADMIN ? "admin" : "member",
    readMessageId: placed.findLast(({ seq }) => seq <= readSeq)?.id ?? "",
  };
}

function withoutPrefix(prefix: string, id: string): string {
  return id.startsWith(prefix) ? id.slice(prefix.length) : id;
}
