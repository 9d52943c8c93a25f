import type { Actor, Entry } from "@maru/protocol";
import { ErrorReason } from "@maru/protocol";
import { MaruError } from "../../errors.ts";
import type { Call } from "../call.ts";
import type { Domain } from "../domain.ts";
import { absence } from "../log/absence.ts";
import { isMessage } from "../log/entry-type.ts";
import type { LoggedEntry, Store } from "../store.ts";
import { requireViewer } from "./viewer.ts";
import { toVisible } from "./visible.ts";

export interface MessageRead {
  readonly roomId: string;
  readonly seq: number;
  /** On whose behalf. */
  readonly actor?: Actor | undefined;
}

export async function getMessage(domain: Domain, call: Call, read: MessageRead): Promise<Entry> {
  return (await readMessage(domain, call, read)).entry;
}

/** The message as the viewer may see it, with what the server keeps beside it. */
export async function readMessage(domain: Domain, call: Call, { roomId, seq, actor }: MessageRead) {
  const viewer = await requireViewer(domain, call, roomId, actor);
  const found = await requireMessage(domain.store, roomId, seq);
  return { ...found, entry: toVisible(found.entry, viewer, domain.log.clock.nowMs()) };
}

export async function requireMessage(store: Store, roomId: string, seq: number): Promise<LoggedEntry> {
  const found = await store.readEntry(roomId, seq);
  if (found === undefined) {
    const notThere = new MaruError(ErrorReason.ENTRY_NOT_FOUND, { metadata: { room_id: roomId, seq } });
    throw await absence(store, roomId, seq, notThere);
  }
  if (!isMessage(found.entry)) {
    throw new MaruError(ErrorReason.NOT_A_MESSAGE, { metadata: { room_id: roomId, seq, type: found.entry.type } });
  }
  return found;
}
