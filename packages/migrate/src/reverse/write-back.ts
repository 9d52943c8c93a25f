import { type Entry, HoldState, type Message } from "@maru/protocol";
import type { Store } from "@maru/server/domain/store.ts";
import type { AttributeMap } from "@maru/server/store/attribute-map.ts";
import type { Mapping } from "../mapping/mapping.ts";
import type { Target } from "../target/connect-target.ts";
import { noteSourceId } from "../target/hand-back.ts";
import { queryEntries, sourceIdOfItem } from "../target/room-cursor.ts";
import { insertSql, participantSql, roleText, type Statement, sayingOf, timeText, updateSql } from "./to-source-sql.ts";

export interface WriteBackDeps {
  readonly mapping: Mapping;
  readonly target: Target;
  readonly store: Pick<Store, "listMembers">;
  /** Columns of each table that must have a value, and are times. */
  readonly timeColumns: Readonly<Record<"messages" | "participants", readonly string[]>>;
  /** Says what the source cannot hold. */
  readonly onLost: (roomId: string, seq: number, why: string) => void;
}

/** Runs a statement in the transaction of the event. */
export type Run = (statement: Statement) => Promise<readonly Record<string, unknown>[]>;

/** Writes what an entry of a room says into the source. */
export async function writeBack(deps: WriteBackDeps, run: Run, sourceRoomId: string, entry: Entry): Promise<void> {
  const { mapping } = deps;
  const { body } = entry;
  const at = timeText(entry.createdAt);
  const room = { deps, run, sourceRoomId, entry, at };
  switch (body.case) {
    case "messageSent":
      if (body.value.holdState === HoldState.UNSPECIFIED) await insertMessage(room, body.value, entry.actor);
      return;
    case "messageCommitted":
      if (body.value.message !== undefined) await insertMessage(room, body.value.message, entry.actor);
      return;
    case "messageEdited":
      return changeMessage(
        room,
        body.value.targetSeq,
        { text: sayingOf(body.value)?.text, edited_at: at },
        body.value.content !== undefined,
      );
    case "messageDeleted":
      return changeMessage(room, body.value.targetSeq, { deleted_at: at }, true);
    case "membersAdded":
      for (const { userId, role } of body.value.members)
        await setMember(room, userId, { role: roleText(role), left_at: null });
      return;
    case "membersRemoved":
      for (const userId of body.value.userIds) await setMember(room, userId, { left_at: at });
      return;
    case "memberLeft":
      return setMember(room, body.value.userId, { left_at: at });
    case "memberRoleChanged":
      return setMember(room, body.value.userId, { role: roleText(body.value.role) });
    case "roomUpdated":
      if (body.value.changedFields.includes("title"))
        await run(updateSql(mapping.rooms, sourceRoomId, { title: body.value.title }));
      return;
    case "roomClosed":
      await run(updateSql(mapping.rooms, sourceRoomId, { closed_at: at }));
      return;
    case "roomHandedBack":
      await bringReadPositions(room);
      await run({
        text: "update maru_migrate.authority set side = 'postgresql', changed_at = now() where room_id = $1",
        values: [sourceRoomId],
      });
      return;
  }
}

interface InRoom {
  readonly deps: WriteBackDeps;
  readonly run: Run;
  readonly sourceRoomId: string;
  readonly entry: Entry;
  readonly at: string;
}

async function insertMessage(
  { deps, run, sourceRoomId, entry, at }: InRoom,
  message: Message,
  actor: Entry["actor"],
): Promise<void> {
  const { mapping, target } = deps;
  const { roomId, seq } = entry;
  const saying = sayingOf(message);
  const sender =
    actor?.kind.case === "userId" ? withoutPrefix(mapping.target.user_id_prefix, actor.kind.value) : undefined;
  if (saying === undefined || sender === undefined) {
    // A message that was deleted meanwhile has no content, and yet its place.
    if (message.deletion === undefined) return deps.onLost(roomId, seq, "the source has no columns for it");
  }
  const replyTo = message.replyToSeq === 0 ? null : ((await sourceIdAt(target, roomId, message.replyToSeq)) ?? null);
  const fields = {
    ...{ room: sourceRoomId, sender: sender ?? null, text: saying?.text ?? "", reply_to: replyTo, created_at: at },
    ...(message.deletion !== undefined && { deleted_at: timeText(message.deletion.deletedAt) }),
  };
  const [row] = await run(insertSql(mapping.messages, fields, deps.timeColumns.messages, at));
  const id = String(row?.id);
  for (const item of saying?.items ?? []) {
    if (mapping.attachments === undefined) break;
    const { url, mediaType: media_type, sizeBytes, widthPx: width_px, heightPx: height_px, name } = item;
    const attachment = { message: id, url, media_type, size_bytes: String(sizeBytes), width_px, height_px, name };
    await run(insertSql(mapping.attachments, attachment, [], at));
  }
  // Before the transaction is committed: whoever reads the row later finds the entry by it.
  await noteSourceId(target, { roomId, seq }, id);
}

async function changeMessage(
  { deps, run, entry }: InRoom,
  targetSeq: number,
  fields: Record<string, unknown>,
  hasContent: boolean,
): Promise<void> {
  const id = await sourceIdAt(deps.target, entry.roomId, targetSeq);
  if (id === undefined) return deps.onLost(entry.roomId, entry.seq, `the message ${targetSeq} is not in the source`);
  const known = Object.fromEntries(
    Object.entries(fields).filter(([name, value]) => value !== undefined && (hasContent || name !== "text")),
  );
  await run(updateSql(deps.mapping.messages, id, known));
}

async function setMember(
  { deps, run, sourceRoomId, at }: InRoom,
  userId: string,
  fields: Record<string, unknown>,
): Promise<void> {
  const { mapping, timeColumns } = deps;
  const user = withoutPrefix(mapping.target.user_id_prefix, userId);
  const [row] = await run(participantSql(mapping, sourceRoomId, user));
  if (row !== undefined) return void (await run(updateSql(mapping.participants, String(row.id), fields)));
  const made = { room: sourceRoomId, user, joined_at: at, ...fields };
  await run(insertSql(mapping.participants, made, timeColumns.participants, at));
}

/** They do not change any more: the room lives in the source from here on. */
async function bringReadPositions({ deps, run, sourceRoomId, entry }: InRoom): Promise<void> {
  const { mapping, store, target } = deps;
  if (!mapping.participants.columns.has("read_message")) return;
  for (let after: string | undefined; ; ) {
    const page = await store.listMembers(entry.roomId, after, 100);
    for (const { userId, readSeq } of page) {
      if (readSeq === 0) continue;
      const messageId = await lastMessageUpTo(target, entry.roomId, readSeq);
      const [row] = await run(
        participantSql(mapping, sourceRoomId, withoutPrefix(mapping.target.user_id_prefix, userId)),
      );
      if (messageId === undefined || row === undefined) continue;
      await run(updateSql(mapping.participants, String(row.id), { read_message: messageId }));
    }
    if (page.length < 100) return;
    after = page.at(-1)?.userId;
  }
}

async function lastMessageUpTo(target: Target, roomId: string, seq: number): Promise<string | undefined> {
  for (let before = seq + 1; before > 1; ) {
    const items: AttributeMap[] = await queryEntries(target, roomId, { newestFirst: true, limit: 20, before });
    for (const item of items) {
      const id = sourceIdOfItem(item);
      if (id !== undefined) return id;
    }
    if (items.length === 0) return undefined;
    before = Number(items.at(-1)?.seq?.N ?? 1);
  }
  return undefined;
}

async function sourceIdAt(target: Target, roomId: string, seq: number): Promise<string | undefined> {
  const [item] = await queryEntries(target, roomId, { newestFirst: false, limit: 1, after: seq - 1, before: seq + 1 });
  return item && sourceIdOfItem(item);
}

function withoutPrefix(prefix: string, id: string): string {
  return id.startsWith(prefix) ? id.slice(prefix.length) : id;
}
