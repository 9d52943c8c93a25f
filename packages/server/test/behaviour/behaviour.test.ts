import { afterAll, beforeAll, describe } from "vitest";
import { blockUserSuite } from "./block-user.ts";
import { batchSendSuite } from "./batch-send.ts";
import { createRoomSuite } from "./create-room.ts";
import { deleteMessageSuite } from "./delete-message.ts";
import { directRoomSuite } from "./direct-room.ts";
import { editMessageSuite } from "./edit-message.ts";
import { getMessageSuite } from "./get-message.ts";
import { holdMessageSuite } from "./hold-message.ts";
import { listEntriesSuite } from "./list-entries.ts";
import { listMembersSuite } from "./list-members.ts";
import { listMessagesSuite } from "./list-messages.ts";
import { manageMembersSuite } from "./manage-members.ts";
import { listRoomsSuite } from "./list-rooms.ts";
import { membersSuite } from "./members.ts";
import { ownMembershipSuite } from "./own-membership.ts";
import { pinsSuite } from "./pins.ts";
import { reactionsSuite } from "./reactions.ts";
import { readMarkersSuite } from "./read-markers.ts";
import { readRoomsSuite } from "./read-rooms.ts";
import { roomStateSuite } from "./room-state.ts";
import { openScene, type Scene } from "./scene.ts";
import { sendMessageSuite } from "./send-message.ts";
import { twoServersSuite } from "./two-servers.ts";
import { updateRoomSuite } from "./update-room.ts";
import { viewerSuite } from "./viewer.ts";
import { unreadCountsSuite } from "./unread-counts.ts";
import { startWorld, type World } from "./world.ts";

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world?.[Symbol.asyncDispose]());

describe.each(["gRPC", "Connect"] as const)("over %s", (protocol) => {
  let open: Scene;
  beforeAll(async () => {
    open = await openScene(world, protocol);
  });
  const scene = () => open;

  describe("rooms.create", () => createRoomSuite(scene));
  describe("rooms.findOrCreateDirect", () => directRoomSuite(scene));
  describe("rooms.get and rooms.batchGet", () => readRoomsSuite(scene));
  describe("rooms.addMembers and rooms.removeMembers", () => membersSuite(scene));
  describe("rooms.listMembers", () => listMembersSuite(scene));
  describe("rooms.list", () => listRoomsSuite(scene));
  describe("messages.send", () => sendMessageSuite(scene));
  describe("rooms.freeze, rooms.unfreeze and rooms.close", () => roomStateSuite(scene));
  describe("rooms.update", () => updateRoomSuite(scene));
  describe("rooms.setMemberRole and rooms.muteMember", () => manageMembersSuite(scene));
  describe("rooms.leave, rooms.hide, rooms.unhide and rooms.muteNotifications", () => ownMembershipSuite(scene));
  describe("rooms.blockUser and rooms.unblockUser", () => blockUserSuite(scene));
  describe("messages.get", () => getMessageSuite(scene));
  describe("messages.list", () => listMessagesSuite(scene));
  describe("messages.batchSend", () => batchSendSuite(scene));
  describe("messages.edit and messages.listMessageVersions", () => editMessageSuite(scene));
  describe("messages.delete", () => deleteMessageSuite(scene));
  describe("messages.setReactions and messages.listReactions", () => reactionsSuite(scene));
  describe("messages.pin, messages.unpin and messages.listPinned", () => pinsSuite(scene));
  describe("messages that are held, messages.commit and messages.cancel", () => holdMessageSuite(scene));
  describe("messages read on behalf of a user", () => viewerSuite(scene));
  describe("events.listEntries", () => listEntriesSuite(scene));
  describe("reads.markRead and reads.getReadMarkers", () => readMarkersSuite(scene));
  describe("reads.getUnreadCount and reads.batchGetUnreadCounts", () => unreadCountsSuite(scene));
  describe("two servers", () => twoServersSuite(scene));
});
