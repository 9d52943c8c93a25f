import { create } from "@bufbuild/protobuf";
import type { Entry, Member, UnreadCount } from "@maru/protocol";
import { UnreadCountSchema } from "@maru/protocol";
import type { Domain } from "../domain.ts";
import type { LoggedEntry } from "../store.ts";
import { committedSeq, countUnread, unreadAfter } from "./count-unread.ts";
import { readWindows } from "./read-windows.ts";

/** What these members of one room have not read. The members were read before the log is. */
export async function unreadOfRoom(
  { store, limits }: Pick<Domain, "store" | "limits">,
  roomId: string,
  members: readonly Member[],
): Promise<UnreadCount[]> {
  const windows = await readWindows(store, roomId, members.map(unreadAfter), limits.unreadMaxEntries);
  const read = new Map([...windows.values()].flatMap(({ entries }) => entries.map(bySeq)));
  const targets = await readTargets(store, roomId, read);
  return members.map((member) => {
    const { entries = [], capped = false } = windows.get(unreadAfter(member)) ?? {};
    const unread = countUnread(
      entries.map(({ entry }) => entry),
      member,
      targets,
    );
    return create(UnreadCountSchema, {
      roomId,
      userId: member.userId,
      readSeq: member.readSeq,
      ...unread,
      capped,
    });
  });
}

function bySeq({ entry }: LoggedEntry): [number, Entry] {
  return [entry.seq, entry];
}

/** A commit does not say who had sent the message, nor what became of it: its own entry does. */
async function readTargets(
  store: Domain["store"],
  roomId: string,
  read: ReadonlyMap<number, Entry>,
): Promise<Map<number, Entry>> {
  const targets = new Map<number, Entry>();
  for (const entry of read.values()) {
    const seq = committedSeq(entry);
    if (seq === undefined) continue;
    const target = read.get(seq) ?? (await store.readEntry(roomId, seq))?.entry;
    if (target !== undefined) targets.set(seq, target);
  }
  return targets;
}
