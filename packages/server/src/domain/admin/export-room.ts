import { toJsonString } from "@bufbuild/protobuf";
import { type Entry, EntrySchema, type ExportRoomRequest, MemberSchema, RoomSchema } from "@maru/protocol";
import type { Call } from "../call.ts";
import type { Domain } from "../domain.ts";
import { inParts } from "../in-parts.ts";
import { toVisible } from "../messages/visible.ts";
import { getRoom } from "../rooms/get.ts";

const pageSize = 100;
/** gRPC clients take messages of 4 MB by default. */
const maxMessageBytes = 1024 * 1024;

/**
 * A room as JSON lines, some at a time: itself, its members, its entries. Members and entries are those of the moments at
 * which they are read; the entries are as they stand in the table, so that what was deleted or erased is not in them.
 */
export async function* exportRoom(
  domain: Domain,
  call: Call,
  request: ExportRoomRequest,
): AsyncGenerator<{ readonly lines: string[] }, void> {
  const { store } = domain;
  const { roomId } = request;
  const room = await getRoom(domain, request);
  yield { lines: [line("room", toJsonString(RoomSchema, room))] };

  for (let after: string | undefined; ; ) {
    call.signal.throwIfAborted();
    const members = await store.listMembers(roomId, after, pageSize);
    yield* inMessages(members.map((one) => line("member", toJsonString(MemberSchema, one))));
    if (members.length < pageSize) break;
    after = members.at(-1)?.userId;
  }
  for (let after = 0; ; ) {
    call.signal.throwIfAborted();
    const page = await store.readEntries({ roomId, after, limit: pageSize });
    yield* inMessages(page.map(({ entry }) => entryLine(entry, domain.log.clock.nowMs())));
    if (page.length < pageSize) break;
    after = page.at(-1)?.entry.seq ?? after;
  }
}

function* inMessages(lines: readonly string[]): Generator<{ readonly lines: string[] }, void> {
  for (const part of inParts(lines, Buffer.byteLength, maxMessageBytes)) yield { lines: part };
}

/** A service sees what is held; what nobody will see any more it does not. */
function entryLine(entry: Entry, nowMs: number): string {
  return line("entry", toJsonString(EntrySchema, toVisible(entry, undefined, nowMs)));
}

function line(name: string, json: string): string {
  return `{"${name}":${json}}`;
}
