import { isPresent } from "../domain/log/fold.ts";
import type { Store } from "../domain/store.ts";
import type { ListMemberIds } from "./room-members.ts";

/** From the table. Those who left are passed over, however many there are. */
export function storedMemberIds(store: Pick<Store, "listMembers">): ListMemberIds {
  return async (roomId, limit) => {
    const userIds: string[] = [];
    for (let after: string | undefined; ; ) {
      const page = await store.listMembers(roomId, after, limit);
      userIds.push(...page.filter(isPresent).map(({ userId }) => userId));
      after = page.at(-1)?.userId;
      if (after === undefined || page.length < limit || userIds.length >= limit) return userIds.slice(0, limit);
    }
  };
}
