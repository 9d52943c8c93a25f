import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import type { Store } from "../domain/store.ts";
import { deleteEntries } from "./delete-entries.ts";
import { listMembers, markRead, readMembers, readMembersAt, setMemberSettings } from "./members.ts";
import { listHeldMessages, listRoomIds, listRoomIdsOf } from "./owner-index.ts";
import { putEntry } from "./put-entry.ts";
import { putEntryWithState } from "./put-entry-with-state.ts";
import { readEntries, readEntriesAt, readEntry } from "./read-entries.ts";
import { raisePurgedBelow, readAlias, readRoom, readRooms } from "./rooms.ts";
import type { Consumed } from "./table-access.ts";

export interface DynamoStoreOptions {
  readonly client: DynamoDBClient;
  readonly tableName: string;
  readonly onConsumed?: (consumed: Consumed) => void;
}

export function createDynamoStore({ client, tableName, onConsumed = () => undefined }: DynamoStoreOptions): Store {
  const table = { client, tableName, onConsumed };
  return {
    putEntry: (entry, signal) => putEntry(table, entry, signal),
    putEntryWithState: (entry, change, signal) => putEntryWithState(table, entry, change, signal),
    readEntries: (range) => readEntries(table, range),
    readEntry: (roomId, seq) => readEntry(table, roomId, seq),
    readEntriesAt: (roomId, seqs) => readEntriesAt(table, roomId, seqs),
    readRoom: (roomId) => readRoom(table, roomId),
    readAlias: (roomId) => readAlias(table, roomId),
    readRooms: (roomIds) => readRooms(table, roomIds),
    readMembers: (roomId, userIds) => readMembers(table, roomId, userIds),
    readMembersAt: (places) => readMembersAt(table, places),
    listMembers: (roomId, afterUserId, limit) => listMembers(table, roomId, afterUserId, limit),
    setMemberSettings: (roomId, userId, settings) => setMemberSettings(table, roomId, userId, settings),
    markRead: (roomId, userId, seq) => markRead(table, roomId, userId, seq),
    listRoomIdsOf: (userId, afterRoomId, limit) => listRoomIdsOf(table, userId, afterRoomId, limit),
    listRoomIds: (bucket, afterRoomId, limit) => listRoomIds(table, bucket, afterRoomId, limit),
    listHeldMessages: (after, limit) => listHeldMessages(table, after, limit),
    raisePurgedBelow: (roomId, below) => raisePurgedBelow(table, roomId, below),
    deleteEntries: (roomId, seqs) => deleteEntries(table, roomId, seqs),
  };
}
