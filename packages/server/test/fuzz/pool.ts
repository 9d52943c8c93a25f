import type { DescMethod, Message } from "@bufbuild/protobuf";
import { type Actor, type Entry, HoldState } from "@maru/protocol";
import { nameOf } from "../contract-methods.ts";
import type { Dice } from "../model/dice.ts";

export interface KnownRoom {
  readonly roomId: string;
  readonly kind: string;
  readonly userIds: readonly string[];
  readonly messages: KnownMessage[];
  lastSeq: number;
}

export interface KnownMessage {
  readonly seq: number;
  readonly author: Actor | undefined;
  readonly isCard: boolean;
  isHeld: boolean;
}

/** What requests have made so far, so that later ones meet it. */
export interface Pool {
  readonly userIds: readonly string[];
  readonly rooms: KnownRoom[];
  readonly jobIds: string[];
  readonly cardTypes: readonly string[];
  readonly descriptorSet: Uint8Array;
  /** A card's bytes, of any of the types. */
  readonly cardValue: Uint8Array;
  /** Requests that were served, by call: to be sent again, or with their next page. */
  readonly served: Map<string, Message[]>;
  readonly nextPages: Map<string, Message[]>;
}

const maxRooms = 40;
const maxRequests = 20;
const maxMessages = 30;

export function anyRoom({ rooms }: Pool, dice: Dice): KnownRoom {
  return rooms.length === 0
    ? { roomId: "none", kind: "group", userIds: ["ann"], messages: [], lastSeq: 1 }
    : dice.pick(rooms);
}

export function learnRoom({ rooms }: Pool, room: KnownRoom): void {
  const known = rooms.find(({ roomId }) => roomId === room.roomId);
  if (known !== undefined) known.lastSeq = Math.max(known.lastSeq, room.lastSeq);
  else rooms.push(room);
  if (rooms.length > maxRooms) rooms.shift();
}

export function learnEntry({ rooms }: Pool, { roomId, seq, actor, body }: Entry): void {
  const room = rooms.find((one) => one.roomId === roomId);
  if (room === undefined) return;
  room.lastSeq = Math.max(room.lastSeq, seq);
  if (body.case === "messageCommitted" || body.case === "messageCancelled") {
    const target = room.messages.find((one) => one.seq === body.value.targetSeq);
    if (target !== undefined) target.isHeld = false;
  }
  if (body.case !== "messageSent") return;
  const { content, holdState } = body.value;
  const isCard = content?.kind.case === "card";
  room.messages.push({ seq, author: actor, isCard, isHeld: holdState === HoldState.HELD });
  if (room.messages.length > maxMessages) room.messages.shift();
}

export function forgetRoom({ rooms }: Pool, roomId: string): void {
  const index = rooms.findIndex((one) => one.roomId === roomId);
  if (index >= 0) rooms.splice(index, 1);
}

export function keepRequest(kept: Map<string, Message[]>, method: DescMethod, request: Message): void {
  const requests = kept.get(nameOf(method)) ?? [];
  requests.push(request);
  if (requests.length > maxRequests) requests.shift();
  kept.set(nameOf(method), requests);
}
