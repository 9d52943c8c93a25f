import type { Entry } from "@maru/protocol";
import { nameOf, namesOf } from "./people.ts";

/** What an entry that is no message says to the people in the room; undefined where they need not hear of it. */
export function noticeOf({ body }: Entry): string | undefined {
  switch (body.case) {
    case "membersAdded":
      return `${namesOf(body.value.members.map(({ userId }) => userId))} joined`;
    case "membersRemoved":
      return `${namesOf(body.value.userIds)} was removed`;
    case "memberLeft":
      return `${nameOf(body.value.userId)} left`;
    case "roomUpdated":
      return body.value.changedFields.includes("title") ? `The room is called “${body.value.title}” now` : undefined;
    case "roomFrozen":
      return "Sending is stopped for now";
    case "roomUnfrozen":
      return "Sending is allowed again";
    case "roomClosed":
      return "The room is closed";
    default:
      return undefined;
  }
}
