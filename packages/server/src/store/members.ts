import type { Member } from "@maru/protocol";
import type { MarkReadOutcome, MemberPlace, MemberSettings, MemberSettingsOutcome } from "../domain/store.ts";
import { batchGet } from "./batch-get.ts";
import { fromMemberItem } from "./items.ts";
import { memberKey, memberKeyRange } from "./keys.ts";
import { distinctPlaces, requireReadSeq } from "./limits.ts";
import { queryItems } from "./query-items.ts";
import { memberFields } from "./state-updates.ts";
import type { TableAccess } from "./table-access.ts";
import { updateIf } from "./update-if.ts";

/** Never makes a ghost of a user who is no member. */
const presentMember = "attribute_exists(joined_seq) AND attribute_not_exists(left_seq)";

export async function readMembers(
  table: TableAccess,
  roomId: string,
  userIds: readonly string[],
): Promise<Map<string, Member>> {
  const keys = [...new Set(userIds)].map((userId) => memberKey(roomId, userId));
  const items = await batchGet(table, "read_members", keys);
  return new Map(items.map(fromMemberItem).map((member) => [member.userId, member]));
}

export async function readMembersAt(table: TableAccess, places: readonly MemberPlace[]): Promise<Member[]> {
  const keys = distinctPlaces(places).map(({ roomId, userId }) => memberKey(roomId, userId));
  return (await batchGet(table, "read_members", keys)).map(fromMemberItem);
}

export async function listMembers(
  table: TableAccess,
  roomId: string,
  afterUserId: string | undefined,
  limit: number,
): Promise<Member[]> {
  const range = { roomId, ...memberKeyRange(afterUserId), descending: false, limit };
  return (await queryItems(table, "list_members", range)).map(fromMemberItem);
}

export async function setMemberSettings(
  table: TableAccess,
  roomId: string,
  userId: string,
  settings: MemberSettings,
): Promise<MemberSettingsOutcome> {
  const outcome = await updateIf(table, "set_member_settings", {
    key: memberKey(roomId, userId),
    fields: memberFields(settings),
    condition: presentMember,
  });
  if (outcome.kind === "refused") return { kind: "not_a_member" };
  return { kind: "set", member: fromMemberItem(outcome.item) };
}

export async function markRead(
  table: TableAccess,
  roomId: string,
  userId: string,
  seq: number,
): Promise<MarkReadOutcome> {
  requireReadSeq(seq);
  const outcome = await updateIf(table, "mark_read", {
    key: memberKey(roomId, userId),
    fields: { read_seq: { N: String(seq) } },
    condition: `${presentMember} AND (attribute_not_exists(#read_seq) OR #read_seq < :read_seq)`,
  });
  if (outcome.kind === "updated") return { kind: "moved", readSeq: seq };
  const member = outcome.item && fromMemberItem(outcome.item);
  if (member === undefined || member.joinedSeq === 0 || member.leftSeq !== 0) return { kind: "not_a_member" };
  return { kind: "unchanged", readSeq: member.readSeq };
}
