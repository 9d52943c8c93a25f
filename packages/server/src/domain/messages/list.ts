import type { Timestamp } from "@bufbuild/protobuf/wkt";
import type { Entry, ListMessagesRequest } from "@maru/protocol";
import { ListMessagesRequestSchema, ListOrder } from "@maru/protocol";
import type { Call } from "../call.ts";
import type { Domain } from "../domain.ts";
import { roomNotFound } from "../log/append.ts";
import { isMessage } from "../log/entry-type.ts";
import { readRecent } from "../log/read-recent.ts";
import { seqAtTime } from "../log/seq-at-time.ts";
import { fromSeqToken, toPageToken } from "../page-token.ts";
import { readPage } from "../read-page.ts";
import type { LoggedEntry, Store } from "../store.ts";
import { requireViewer } from "./viewer.ts";
import { toVisible, type Viewer } from "./visible.ts";

export interface MessagePage {
  readonly entries: Entry[];
  readonly nextPageToken: string;
}

export async function listMessages(domain: Domain, call: Call, request: ListMessagesRequest): Promise<MessagePage> {
  const { store } = domain;
  const viewer = await requireViewer(domain, call, request.roomId, request.actor);
  const size = request.pageSize === 0 ? domain.limits.defaultPageSize : request.pageSize;
  const around = await seqOf(store, request.roomId, request.around, request.aroundTime);
  if (around !== undefined) {
    const entries = await readAround(store, request.roomId, around, size);
    if (entries.length === 0) await requireRoom(store, request.roomId);
    return { entries: messagesOf(domain, entries, viewer), nextPageToken: "" };
  }

  const newestFirst = isNewestFirst(request);
  const position = fromSeqToken(ListMessagesRequestSchema, request);
  const afterTime = request.afterTime && (await seqAtTime(store, request.roomId, wholeMs(request.afterTime))) - 1;
  const beforeTime = request.beforeTime && (await seqAtTime(store, request.roomId, wholeMs(request.beforeTime)));
  const after = request.after ?? afterTime;
  const before = request.before ?? beforeTime;
  const { items, goOnAfter } = await readPage(size, (limit) =>
    readRecent(domain.log, {
      roomId: request.roomId,
      after: newestFirst ? after : (position ?? after),
      before: newestFirst ? (position ?? before) : before,
      newestFirst,
      limit,
    }),
  );
  if (items.length === 0) await requireRoom(store, request.roomId);
  return {
    entries: messagesOf(domain, items, viewer),
    nextPageToken:
      goOnAfter === undefined ? "" : toPageToken(ListMessagesRequestSchema, request, String(goOnAfter.entry.seq)),
  };
}

function isNewestFirst(request: ListMessagesRequest): boolean {
  if (request.order !== ListOrder.UNSPECIFIED) return request.order === ListOrder.NEWEST_FIRST;
  const hasAfter = request.after !== undefined || request.afterTime !== undefined;
  const hasBefore = request.before !== undefined || request.beforeTime !== undefined;
  return !(hasAfter && !hasBefore);
}

async function seqOf(store: Store, roomId: string, seq: number | undefined, time: Timestamp | undefined) {
  if (time !== undefined) return seqAtTime(store, roomId, wholeMs(time));
  return seq;
}

/** Entries are made at whole milliseconds: at or after a time means at or after the next whole one. */
function wholeMs({ seconds, nanos }: Timestamp): number {
  return Number(seconds) * 1000 + Math.ceil(nanos / 1_000_000);
}

async function readAround(store: Store, roomId: string, seq: number, size: number): Promise<LoggedEntry[]> {
  const beforeCount = Math.floor(size / 2);
  const [before, from] = await Promise.all([
    beforeCount === 0 ? [] : store.readEntries({ roomId, before: seq, newestFirst: true, limit: beforeCount }),
    store.readEntries({ roomId, after: seq - 1, limit: size - beforeCount }),
  ]);
  return [...before.reverse(), ...from];
}

function messagesOf({ log }: Domain, entries: readonly LoggedEntry[], viewer: Viewer): Entry[] {
  const nowMs = log.clock.nowMs();
  const messages = entries.map(({ entry }) => entry).filter(isMessage);
  return messages.map((entry) => toVisible(entry, viewer, nowMs));
}

async function requireRoom(store: Store, roomId: string): Promise<void> {
  if ((await store.readRoom(roomId)) === undefined) throw roomNotFound(roomId);
}
