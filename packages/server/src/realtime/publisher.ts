import { create } from "@bufbuild/protobuf";
import type { Entry, ReadMarker } from "@maru/protocol";
import { type Push, PushedEntriesSchema, type UserTyping } from "@maru/protocol/realtime";
import type { Clock } from "../domain/clock.ts";
import { withoutHeldContent } from "../domain/messages/visible.ts";
import { addedUserIds, affectedUserIds, partsByAudience } from "../domain/rooms/affected-users.ts";
import type { Log } from "../log.ts";
import { type Addressees, findAudience } from "./audience.ts";
import { deliver } from "./deliver.ts";
import type { Inboxes } from "./inboxes.ts";
import type { Publisher, RoomMembers } from "./realtime.ts";
import type { RedisConnection } from "./redis-connection.ts";
import type { KeptTails } from "./tails.ts";

export interface PublisherOptions {
  readonly redis: RedisConnection;
  readonly roomMembers: RoomMembers;
  readonly maxListedMembers: number;
  readonly tails: Pick<KeptTails, "raise">;
  readonly inboxes: Pick<Inboxes, "raise" | "setAside">;
  readonly clock: Clock;
  readonly log: Log;
}

/** With so many members above the bound a room may have been within it a moment ago: a request adds up to 90, and some follow. */
const membersJustAdded = 200;

export function createPublisher(options: PublisherOptions): Publisher {
  const { redis, roomMembers, maxListedMembers, tails, inboxes, log } = options;

  async function tell(kind: Push["kind"], addressees: Addressees): Promise<void> {
    await deliver(redis, kind, addressees, await findAudience(options, addressees));
  }

  async function publishPart(part: readonly Entry[], last: Entry): Promise<void> {
    const memberIds = await roomMembers.userIdsOf(last.roomId, last.stateSeq, maxListedMembers);
    const userIds = [...new Set([...(memberIds ?? []), ...part.flatMap(affectedUserIds)])];
    const entries = create(PushedEntriesSchema, { entries: part.map(withoutHeldContent) });
    await tell({ case: "entries", value: entries }, { roomId: last.roomId, userIds });
    await raise(part, last, memberIds);
    // Last: whoever finds the tail takes everything else for done.
    await tails.raise(last);
  }

  /** A large room is in the inbox of whoever is added to it, and is set aside there; when it has just grown large, in all. */
  async function raise(part: readonly Entry[], last: Entry, memberIds: readonly string[] | undefined): Promise<void> {
    if (memberIds !== undefined) return inboxes.raise(last, memberIds);
    const added = part.flatMap(addedUserIds);
    if (added.length === 0) return;
    const all = await roomMembers.userIdsOf(last.roomId, last.stateSeq, maxListedMembers + membersJustAdded);
    await inboxes.setAside(last, all ?? added);
  }

  /** Nobody waits for it. */
  function mayBeLost(what: string, work: () => Promise<void>): void {
    work().catch((error: unknown) => log.debug({ error, what }, "not told through Redis"));
  }

  return {
    async publishEntries(entries) {
      for (const part of partsByAudience(entries)) {
        const last = part.at(-1);
        if (last !== undefined) await publishPart(part, last);
      }
    },
    async raiseAdded(entry) {
      if (addedUserIds(entry).length === 0) return;
      await raise([entry], entry, await roomMembers.userIdsOf(entry.roomId, entry.stateSeq, maxListedMembers));
    },
    publishReadMarker(marker: ReadMarker) {
      mayBeLost("read marker", async () => {
        const { roomId, userId } = marker;
        // In a large room everybody would be told of everybody.
        const isLarge = (await roomMembers.userIdsOf(roomId, 0, maxListedMembers)) === undefined;
        await tell({ case: "readMarker", value: marker }, { roomId: isLarge ? undefined : roomId, userIds: [userId] });
      });
    },
    publishTyping(typing: UserTyping, memberIds: readonly string[]) {
      mayBeLost("typing", () => tell({ case: "typing", value: typing }, { roomId: typing.roomId, userIds: memberIds }));
    },
  };
}
