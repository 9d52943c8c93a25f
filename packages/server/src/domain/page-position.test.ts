import type { DescMessage, MessageShape } from "@bufbuild/protobuf";
import { create } from "@bufbuild/protobuf";
import {
  ErrorReason,
  GetReadMarkersRequestSchema,
  ListCardTypesRequestSchema,
  ListJobsRequestSchema,
  ListMembersRequestSchema,
  ListReactionsRequestSchema,
  ListRoomsRequestSchema,
} from "@maru/protocol";
import { describe, expect, it } from "vitest";
import { makeRoom, send, startServer } from "../../test/log-fixtures.ts";
import { createMemoryStore } from "../store/memory.ts";
import { createMemoryJobStore } from "../store/memory-jobs.ts";
import { type AdminDomain, listJobs } from "./admin/start-job.ts";
import { listCardTypes } from "./cards/list-types.ts";
import { listReactions } from "./messages/list-reactions.ts";
import { isCardTypeName, isId, isUserId } from "./page-position.ts";
import { toPageToken } from "./page-token.ts";
import { getReadMarkers } from "./reading/get-read-markers.ts";
import { listRooms } from "./rooms/list.ts";
import { listMembers } from "./rooms/list-members.ts";

type Ask = (server: AdminDomain, roomId: string, position: string) => Promise<unknown>;

const forged = <Desc extends DescMessage>(
  schema: Desc,
  request: MessageShape<Desc> & { pageToken: string; pageSize: number },
  position: string,
) => ({ ...request, pageToken: toPageToken(schema, request, position) });

const lists: Record<string, { readonly ask: Ask; readonly good: string; readonly bad: readonly string[] }> = {
  ListMembers: {
    ask: (server, roomId, position) => {
      const request = create(ListMembersRequestSchema, { roomId });
      return listMembers(server, forged(ListMembersRequestSchema, request, position));
    },
    good: "ann",
    bad: ["\u0000"],
  },
  GetReadMarkers: {
    ask: (server, roomId, position) => {
      const request = create(GetReadMarkersRequestSchema, { roomId });
      return getReadMarkers(server, forged(GetReadMarkersRequestSchema, request, position));
    },
    good: "ann",
    bad: ["\u007f"],
  },
  ListReactions: {
    ask: (server, roomId, position) => {
      const request = create(ListReactionsRequestSchema, { roomId, seq: 2 });
      return listReactions(server, forged(ListReactionsRequestSchema, request, position));
    },
    good: "ann",
    bad: ["a\nb"],
  },
  ListCardTypes: {
    ask: (server, _roomId, position) => {
      const request = create(ListCardTypesRequestSchema);
      return listCardTypes(server, forged(ListCardTypesRequestSchema, request, position));
    },
    good: "shop.v1.Offer",
    bad: ["shop..Offer", "shop v1"],
  },
  ListJobs: {
    ask: (server, _roomId, position) => {
      const request = create(ListJobsRequestSchema);
      return listJobs(server, forged(ListJobsRequestSchema, request, position));
    },
    good: "20261125000000000-0123456789ab",
    bad: ["a job"],
  },
  ListRooms: {
    ask: (server, _roomId, position) => {
      const request = create(ListRoomsRequestSchema, { userId: "ann" });
      return listRooms(server, forged(ListRoomsRequestSchema, request, position));
    },
    good: "1750000000000 room-1",
    bad: ["room-1", "1 two rooms", `1750000000000 ${"x".repeat(129)}`],
  },
};

describe.each(Object.entries(lists))("a token of %s that somebody made up", (_name, { ask, good, bad }) => {
  it.each([...bad, "x".repeat(2_100), ""])("is refused at the position %j", async (position) => {
    const server = { ...startServer(createMemoryStore()), jobs: createMemoryJobStore() };
    const { roomId } = (await makeRoom(server)).room;
    await send(server, roomId);
    await ask(server, roomId, good);
    await expect(async () => ask(server, roomId, position)).rejects.toMatchObject({
      reason: ErrorReason.PAGE_TOKEN_INVALID,
    });
  });
});

it("a position is as long as its field may be, in bytes", () => {
  expect([isUserId("안".repeat(42)), isUserId("안".repeat(43)), isUserId("")]).toEqual([true, false, false]);
  expect([isId("x".repeat(128)), isId("x".repeat(129)), isId("")]).toEqual([true, false, false]);
  expect([isCardTypeName("x".repeat(256)), isCardTypeName("x".repeat(257))]).toEqual([true, false]);
});
