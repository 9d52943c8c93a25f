import { randomUUID } from "node:crypto";
import { type Entry, type Maru, type Member, MemberRole, paginate, service, text, user } from "@maru/client";
import type { Protocol, World } from "./world.ts";

/** What each suite plays with: clients of two servers over one of the transports. */
export interface Scene {
  readonly world: World;
  readonly protocol: Protocol;
  readonly maru: Maru;
  readonly other: Maru;
}

export async function openScene(world: World, protocol: Protocol): Promise<Scene> {
  return { world, protocol, ...(await world.connect(protocol)) };
}

/** Ids that no other test has, so that tests over both transports share a table. */
export function fresh(name: string): string {
  return `${name}-${randomUUID().slice(0, 8)}`;
}

export function names(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}-${String(index + 1).padStart(3, "0")}`);
}

export const admin = (userId: string) => ({ userId, role: MemberRole.ADMIN });
export const member = (userId: string) => ({ userId, role: MemberRole.MEMBER });

/** A room made by the service, with these ordinary members and the admin `root`. */
export async function openRoom(maru: Maru, userIds: readonly string[] = ["ann", "bob"]): Promise<string> {
  const members = [admin("root"), ...userIds.map(member)];
  const { room } = await maru.rooms.create({ actor: service(), kind: "group", members });
  return found(room).roomId;
}

export async function say(maru: Maru, roomId: string, words: string, userId = "ann"): Promise<number> {
  const { entry } = await maru.messages.send({ roomId, actor: user(userId), content: text(words) });
  return found(entry).seq;
}

/** Sends so many texts, one after the other, and returns their numbers. */
export async function sayMany(maru: Maru, roomId: string, count: number): Promise<number[]> {
  const seqs: number[] = [];
  for (const words of names("text", count)) seqs.push(await say(maru, roomId, words));
  return seqs;
}

export async function readLog(maru: Maru, roomId: string): Promise<Entry[]> {
  return Array.fromAsync(paginate(maru.events.listEntries, { roomId, pageSize: 200 }));
}

/** The room's members, also those who left, by user. */
export async function readMembers(maru: Maru, roomId: string): Promise<Map<string, Member>> {
  const all = await Array.fromAsync(paginate(maru.rooms.listMembers, { roomId, pageSize: 200, includeLeft: true }));
  return new Map(all.map((one) => [one.userId, one]));
}

export function seqsOf(entries: readonly Entry[]): number[] {
  return entries.map(({ seq }) => seq);
}

export function found<T>(value: T | undefined): T {
  if (value === undefined) throw new Error("the answer lacks what must be there");
  return value;
}
