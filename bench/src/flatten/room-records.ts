import { createHash } from "node:crypto";
import { create } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import {
  type Content,
  ContentSchema,
  type Entry,
  EntrySchema,
  type Message,
  MessageSchema,
  ReactionCountSchema,
} from "@maru/protocol";
import type { MessageRecord } from "@maru/server/domain/store.ts";
import type { LambdaStreamRecord } from "@maru/server/relay/lambda-record.ts";
import type { AttributeMap } from "@maru/server/store/attribute-map.ts";
import { toItem } from "@maru/server/store/items.ts";
import { memberKey, metaKey, roomOwner } from "@maru/server/store/keys.ts";
import type { Line } from "../../../examples/demo/src/conversation.ts";

/** A change of the table, with when it was made. */
export interface TimedRecord {
  readonly atMs: number;
  readonly record: LambdaStreamRecord;
}

export interface RoomPlan {
  /** Makes the room another one than those with the same lines. */
  readonly name: string;
  readonly lines: readonly Line[];
  /** When it is opened; what is said follows at the pace of the conversation. */
  readonly fromMs: number;
}

type Body = Entry["body"];

const editEvery = 20;
const reactEvery = 10;
const readEvery = 25;

/**
 * What the table's stream tells of a room in which a conversation takes place: the room, its members, each message, and of
 * messages that are edited or get a reaction what they became and what they were. Items are those that the service stores.
 */
export function roomRecords({ name, lines, fromMs }: RoomPlan): TimedRecord[] {
  const roomId = hash(name).toString("hex").slice(0, 32);
  const records: TimedRecord[] = [];
  const seqOfLine = new Map<number, number>();
  const firstLineMs = Date.parse(lines[0]?.at ?? "");
  let atMs = fromMs;
  let seq = 0;

  const tell = (eventName: string, NewImage: AttributeMap, OldImage?: AttributeMap): void => {
    const { room_id, sk } = NewImage;
    const dynamodb = {
      ApproximateCreationDateTime: atMs / 1000,
      Keys: { room_id, sk },
      NewImage,
      ...(OldImage && { OldImage }),
      SequenceNumber: String(atMs * 100 + (records.length % 100)).padStart(24, "1"),
      SizeBytes: JSON.stringify(NewImage).length,
      StreamViewType: "NEW_AND_OLD_IMAGES",
    };
    const eventID = hash(`${name} event ${records.length}`).toString("hex").slice(0, 32);
    records.push({ atMs, record: { eventID, eventName, ...eventSource, dynamodb } });
  };
  const itemOf = (
    ofSeq: number,
    userId: string,
    body: Body,
    madeAtMs: number,
    record?: MessageRecord,
  ): AttributeMap => {
    const entry = create(EntrySchema, {
      ...{ roomId, seq: ofSeq, type: typeOf(body), caller: "bench", stateSeq: 1, body },
      actor: { kind: { case: "userId", value: userId } },
      createdAt: timestampFromMs(madeAtMs),
      idempotencyKey: uuid(`${name} key ${ofSeq}`),
    });
    const requestHash = hash(`${name} hash ${ofSeq}`).toString("base64url").slice(0, 22);
    return toItem({ entry, requestHash, appendedAtMs: madeAtMs, ...(record && { record }) });
  };
  const append = (userId: string, body: Body): AttributeMap => {
    const item = itemOf(++seq, userId, body, atMs);
    tell("INSERT", item);
    return item;
  };

  const speakers = [...new Set(lines.map(({ from }) => from))];
  const [owner = ""] = speakers;
  const created = create(EntrySchema, {
    body: {
      case: "roomCreated",
      value: { kind: "group", title: name, members: speakers.map((userId) => ({ userId })) },
    },
  });
  append(owner, created.body);
  tell("INSERT", metaItem(roomId, name, owner, speakers.length, atMs));
  for (const userId of speakers) tell("INSERT", memberItem(roomId, userId, 0));

  const readSeqOf = new Map<string, number>();
  for (const line of lines) {
    // The service refuses an empty text.
    if (line.text === "") continue;
    atMs = Math.max(atMs + 137, fromMs + Date.parse(line.at) - firstLineMs);
    const madeAtMs = atMs;
    const said = create(MessageSchema, {
      content: text(line.text),
      replyToSeq: seqOfLine.get(line.reply_to ?? 0) ?? 0,
    });
    let image = append(line.from, { case: "messageSent", value: said });
    const target = seq;
    seqOfLine.set(line.n, target);
    const become = (message: Message, record: MessageRecord): void => {
      const changed = itemOf(target, line.from, { case: "messageSent", value: message }, madeAtMs, record);
      tell("MODIFY", changed, image);
      image = changed;
    };
    let record: MessageRecord = { contentSeqs: [], original: undefined, reactions: new Map() };
    let message = said;
    if (line.n % editEvery === 0) {
      atMs += 1_000;
      const content = text(`${line.text} (edited)`);
      append(line.from, edited(target, content));
      record = { ...record, contentSeqs: [seq], original: { content: said.content, mentions: [] } };
      message = create(MessageSchema, { ...said, content, editCount: 1, editedAt: timestampFromMs(atMs) });
      become(message, record);
    }
    if (line.n % reactEvery === 0) {
      atMs += 1_000;
      append(owner, reacted(target, owner));
      record = { ...record, reactions: new Map([[owner, ["+1"]]]) };
      become(
        create(MessageSchema, { ...message, reactions: [create(ReactionCountSchema, { kind: "+1", userCount: 1 })] }),
        record,
      );
    }
    if (line.n % readEvery === 0) {
      tell("MODIFY", memberItem(roomId, line.from, seq), memberItem(roomId, line.from, readSeqOf.get(line.from) ?? 0));
      readSeqOf.set(line.from, seq);
    }
  }
  return records;
}

const eventSource = {
  eventVersion: "1.1",
  eventSource: "aws:dynamodb",
  awsRegion: "eu-central-1",
  eventSourceARN: "arn:aws:dynamodb:eu-central-1:000000000000:table/maru/stream/2026-11-01T00:00:00.000",
};

function typeOf({ case: name }: Body): string {
  return (name ?? "").replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function text(value: string): Content {
  return create(ContentSchema, { kind: { case: "text", value: { text: value } } });
}

function edited(targetSeq: number, content: Content): Body {
  return create(EntrySchema, { body: { case: "messageEdited", value: { targetSeq, content, editCount: 1 } } }).body;
}

function reacted(targetSeq: number, userId: string): Body {
  return create(EntrySchema, { body: { case: "reactionsChanged", value: { targetSeq, userId, kinds: ["+1"] } } }).body;
}

/** As state-updates.ts writes it, which makes expressions and no items. */
function metaItem(roomId: string, title: string, creator: string, memberCount: number, atMs: number): AttributeMap {
  return {
    ...metaKey(roomId),
    kind: { S: "group" },
    title: { S: title },
    created_by: { M: { user_id: { S: creator } } },
    created_at: { S: new Date(atMs).toISOString() },
    member_count: { N: String(memberCount) },
    owner: { S: roomOwner(roomId) },
    state_seq: { N: "1" },
  };
}

function memberItem(roomId: string, userId: string, readSeq: number): AttributeMap {
  return {
    ...memberKey(roomId, userId),
    owner: { S: userId },
    role: { S: "MEMBER_ROLE_MEMBER" },
    joined_seq: { N: "1" },
    ...(readSeq > 0 && { read_seq: { N: String(readSeq) } }),
  };
}

function hash(name: string): Buffer {
  return createHash("sha256").update(name).digest();
}

function uuid(name: string): string {
  return hash(name)
    .toString("hex")
    .slice(0, 32)
    .replace(/(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}
