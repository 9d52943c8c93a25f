import {
  create,
  type DescField,
  type DescMessage,
  type DescMethod,
  type Message,
  ScalarType,
} from "@bufbuild/protobuf";
import { FieldMaskSchema, TimestampSchema, timestampFromMs } from "@bufbuild/protobuf/wkt";
import { type Actor, ActorSchema, type FindOrCreateDirectRequest } from "@maru/protocol";
import { nameOf } from "../contract-methods.ts";
import type { Dice } from "../model/dice.ts";
import { uuidv7 } from "../model/uuidv7.ts";
import { type FieldRules, rulesOf, type ValueRules } from "./field-rules.ts";
import { anyRoom, type KnownMessage, type KnownRoom, type Pool } from "./pool.ts";
import { randomText } from "./random-text.ts";

interface Drawing {
  readonly dice: Dice;
  readonly pool: Pool;
  readonly method: DescMethod;
  /** The room that the request is about. */
  readonly room: KnownRoom;
  /** The message that it is about, where it is about one. */
  readonly target: KnownMessage | undefined;
  readonly nowMs: number;
}

/** A request that the contract lets pass, mostly, and that is mostly about what is there. */
export function randomRequest(dice: Dice, pool: Pool, method: DescMethod, nowMs: number): Message {
  const again = pool.served.get(nameOf(method)) ?? [];
  if (again.length > 0 && dice.chance(0.05)) return dice.pick(again);
  const pages = pool.nextPages.get(nameOf(method)) ?? [];
  if (pages.length > 0 && dice.chance(0.3)) return dice.pick(pages);
  const request = randomMessage({ dice, pool, method, nowMs, ...findTarget(dice, pool, method) }, method.input);
  if (method.name === "FindOrCreateDirect") nameActor(request as FindOrCreateDirectRequest);
  return request;
}

/** A room and in it a message, such as the call is for. */
function findTarget(dice: Dice, pool: Pool, { name, input }: DescMethod) {
  const suits = ({ isCard, isHeld }: KnownMessage) =>
    /Card$/.test(name) ? isCard : /^(Commit|Cancel)Message$/.test(name) ? isHeld : name !== "EditMessage" || !isCard;
  const isAboutMessage = input.fields.some((field) => field.name === "seq");
  const suiting = pool.rooms.filter(({ kind, messages }) =>
    isAboutMessage ? messages.some(suits) : onlyDirect.test(name) && kind === "direct",
  );
  const room = suiting.length > 0 && dice.chance(0.95) ? dice.pick(suiting) : anyRoom(pool, dice);
  const messages = room.messages.filter(suits);
  return { room, target: messages.length > 0 && dice.chance(0.95) ? dice.pick(messages) : undefined };
}

/** A user finds rooms of their own. */
function nameActor({ actor, userIds }: FindOrCreateDirectRequest): void {
  if (actor?.kind.case === "userId" && !userIds.includes(actor.kind.value)) userIds.push(actor.kind.value);
}

function randomMessage(drawing: Drawing, desc: DescMessage): Message {
  const { dice, nowMs } = drawing;
  if (desc.typeName === TimestampSchema.typeName) return randomTime(dice, nowMs);
  if (desc.typeName === FieldMaskSchema.typeName) {
    return create(FieldMaskSchema, { paths: [dice.pick(["title", "attributes", "attributes.colour", "kind"])] });
  }
  if (desc.typeName === ActorSchema.typeName) return randomActor(drawing);
  const message = create(desc);
  for (const member of desc.members) {
    if (member.kind === "oneof") {
      const chosen = chooseCase(drawing, member.fields);
      Reflect.set(message, member.localName, { case: chosen.localName, value: fieldValue(drawing, chosen) });
    } else if (isSet(drawing, member)) {
      Reflect.set(message, member.localName, fieldValue(drawing, member));
    }
  }
  return message;
}

const onlyDirect = /^(Block|Unblock)User$/;
const forServices = /^(CommitMessage|UpdateCard)$/;
const forUsers = /^(MarkRead|SetReactions|LeaveRoom|BlockUser|UnblockUser|HideRoom|UnhideRoom|MuteNotifications)$/;
const forAuthors = /^(EditMessage|DeleteMessage|CancelMessage)$/;

function randomActor({ dice, method, room, target }: Drawing): Actor {
  const author = target?.author;
  if (author !== undefined && forAuthors.test(method.name) && dice.chance(0.8)) return author;
  const user = { case: "userId" as const, value: dice.pick(room.userIds) };
  const service = { case: "service" as const, value: {} };
  const userChance = forServices.test(method.name) ? 0.1 : forUsers.test(method.name) ? 0.9 : 0.5;
  const other = dice.chance(0.8) ? service : { case: "system" as const, value: {} };
  return create(ActorSchema, { kind: dice.chance(userChance) ? user : other });
}

function chooseCase({ dice }: Drawing, fields: readonly DescField[]): DescField {
  // The first is the usual one: a user, a text.
  const [usual] = fields;
  return usual !== undefined && dice.chance(0.5) ? usual : dice.pick(fields);
}

function isSet({ dice, method }: Drawing, field: DescField): boolean {
  const { required, minItems } = rulesOf(field);
  if (required || minItems !== undefined) return true;
  switch (field.name) {
    case "page_token":
    case "around":
    case "around_time":
    case "reply_to_seq":
    case "muted_until":
      return dice.chance(0.15);
    case "hold_ms":
    case "expected_state_seq":
    case "mentions":
    case "role":
      return dice.chance(0.3);
    case "name":
      return method.name === "RegisterCardTypes";
    default:
      return field.presence === 1 ? dice.chance(0.4) : dice.chance(0.85);
  }
}

function fieldValue(drawing: Drawing, field: DescField): unknown {
  const rules = rulesOf(field);
  switch (field.fieldKind) {
    case "list":
      return randomList(drawing, field, rules);
    case "map":
      return { [drawing.dice.pick(["colour", "size", "é"])]: randomText(drawing.dice, rules.items) };
    case "message":
      return randomMessage(drawing, field.message);
    case "enum":
      return drawing.dice.pick(field.enum.values).number;
    case "scalar":
      return randomScalar(drawing, field.name, field.scalar, rules);
  }
}

function randomList(drawing: Drawing, field: DescField & { fieldKind: "list" }, rules: FieldRules): unknown[] {
  const isFirstMembers = field.name === "members" && drawing.method.name === "CreateRoom";
  const count = drawing.dice.int(isFirstMembers ? 2 : Number(rules.minItems ?? 0), isFirstMembers ? 6 : 3);
  const values = Array.from({ length: count }, () =>
    field.message !== undefined
      ? randomMessage(drawing, field.message)
      : field.scalar !== undefined
        ? randomScalar(drawing, field.name, field.scalar, rules.items)
        : 1,
  );
  return unique(values, field.name === "members" ? (value) => Reflect.get(Object(value), "userId") : (value) => value);
}

/** Nobody joins twice at once, and sets hold nothing twice. */
function unique(values: readonly unknown[], keyOf: (value: unknown) => unknown): unknown[] {
  return [...new Map(values.map((value) => [keyOf(value), value])).values()];
}

function randomScalar(drawing: Drawing, name: string, scalar: ScalarType, rules: ValueRules): unknown {
  const { dice, pool } = drawing;
  switch (scalar) {
    case ScalarType.STRING:
      return namedText(drawing, name) ?? randomText(dice, rules);
    case ScalarType.BYTES:
      return name === "descriptor_set" ? pool.descriptorSet : pool.cardValue;
    case ScalarType.BOOL:
      return dice.chance(0.5);
    case ScalarType.DOUBLE:
      return dice.next() * 180 - 90;
    case ScalarType.UINT64:
      return BigInt(dice.int(0, 2 ** 40));
    default:
      return namedNumber(drawing, name) ?? dice.int(Number(rules.gte ?? 0), Math.min(Number(rules.lte ?? 300), 300));
  }
}

function namedText({ dice, pool, room, method, nowMs }: Drawing, name: string): string | undefined {
  switch (name) {
    case "room_id":
      return dice.chance(0.97) ? room.roomId : "no-such-room";
    case "room_ids":
      return anyRoom(pool, dice).roomId;
    case "user_id":
      return dice.chance(0.9) ? dice.pick(room.userIds) : dice.pick(pool.userIds);
    case "user_ids":
      return dice.pick(pool.userIds);
    case "kind":
    case "kinds":
      return kindOf(dice, method, name);
    case "subject":
      return dice.pick(["", "bike", "flat", "book"]);
    case "job_id":
      return pool.jobIds.length > 0 && dice.chance(0.9) ? dice.pick(pool.jobIds) : "no-such-job";
    case "type":
    case "types":
      return dice.chance(0.95) ? dice.pick(pool.cardTypes) : "acme.Unknown";
    case "page_token":
      return "bm9uc2Vuc2U";
    case "idempotency_key":
      return dice.chance(0.5) ? "" : uuidv7(dice, nowMs - dice.int(0, 5_000));
    case "name":
      return "";
    default:
      return undefined;
  }
}

function kindOf(dice: Dice, method: DescMethod, name: string): string {
  if (method.name === "SetReactions") return dice.pick(["👍", "eyes", "+1", "heart"]);
  if (name === "kinds") return dice.pick(["group", "direct"]);
  return method.name === "FindOrCreateDirect" ? "direct" : "group";
}

function namedNumber({ dice, room, target, method }: Drawing, name: string): number | undefined {
  switch (name) {
    case "seq":
      return target?.seq ?? dice.int(1, room.lastSeq);
    case "reply_to_seq":
    case "before":
    case "after":
    case "around":
    case "expected_state_seq":
      return dice.chance(0.9) ? dice.int(1, room.lastSeq) : dice.int(0, room.lastSeq + 3);
    case "start_utf16":
    case "length_utf16":
      return dice.chance(0.9) ? 0 : dice.int(0, 12);
    case "heartbeat_ms":
      return dice.pick([0, 1_000, 60_000]);
    case "hold_ms":
      return dice.pick([50, 3_600_000, 3_600_000]);
    case "room_count":
      return dice.int(1, 20);
    case "role":
      return method.name === "SetMemberRole" ? dice.int(1, 2) : dice.int(0, 2);
    default:
      return undefined;
  }
}

function randomTime(dice: Dice, nowMs: number): Message {
  return timestampFromMs(nowMs + dice.pick([-86_400_000, -1_000, 0, 500, 5_000]));
}
