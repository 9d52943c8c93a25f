import type { Entry } from "@maru/protocol";

/** Who joins and who goes by an entry. */
export interface MemberChanges {
  readonly joined: readonly string[];
  readonly gone: readonly string[];
}

const nobody: readonly string[] = [];
const none: MemberChanges = { joined: nobody, gone: nobody };

export function memberChanges({ body }: Entry): MemberChanges {
  switch (body.case) {
    case "roomCreated":
    case "membersAdded":
      return { joined: body.value.members.map(({ userId }) => userId), gone: nobody };
    case "membersRemoved":
      return { joined: nobody, gone: body.value.userIds };
    case "memberLeft":
      return { joined: nobody, gone: [body.value.userId] };
    default:
      return none;
  }
}

/** Applying an entry that the members already reflect changes nothing that later entries do not put right. */
export function foldMembers(members: Set<string>, { joined, gone }: MemberChanges): void {
  for (const userId of joined) members.add(userId);
  for (const userId of gone) members.delete(userId);
}
