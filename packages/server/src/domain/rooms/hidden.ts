import { type Entry, HoldState, type Member } from "@maru/protocol";
import type { Store } from "../store.ts";

const pageEntries = 100;

/**
 * Whether the member hid the room and no message came since. One that is held is none yet; its commit is what brings the
 * room back. Where so many other entries follow that looking further is dear, the room is shown.
 */
export async function isHidden(
  store: Pick<Store, "readEntries">,
  { roomId, hiddenSeq }: Pick<Member, "roomId" | "hiddenSeq">,
  tail: Entry,
  maxEntries: number,
): Promise<boolean> {
  if (hiddenSeq === 0) return false;
  if (tail.seq <= hiddenSeq) return true;
  if (bringsMessage(tail)) return false;
  let after = hiddenSeq;
  for (let looked = 0; looked < maxEntries; looked += pageEntries) {
    const page = await store.readEntries({ roomId, after, limit: pageEntries });
    if (page.some(({ entry }) => bringsMessage(entry))) return false;
    if (page.length < pageEntries) return true;
    after = page.at(-1)?.entry.seq ?? after;
  }
  return false;
}

function bringsMessage({ body }: Entry): boolean {
  if (body.case === "messageCommitted") return true;
  if (body.case !== "messageSent") return false;
  return body.value.holdState === HoldState.UNSPECIFIED || body.value.holdState === HoldState.COMMITTED;
}
