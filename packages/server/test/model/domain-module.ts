/** The verbs under test, of the project's tree or of a copy with a fault in it. */
export type DomainModule = Awaited<ReturnType<typeof loadDomain>>;

type Source = typeof import("../../src/domain/log/log.ts") &
  typeof import("../../src/domain/rooms/create.ts") &
  typeof import("../../src/domain/rooms/find-or-create-direct.ts") &
  typeof import("../../src/domain/rooms/add-members.ts") &
  typeof import("../../src/domain/rooms/remove-members.ts") &
  typeof import("../../src/domain/rooms/get.ts") &
  typeof import("../../src/domain/rooms/freeze.ts") &
  typeof import("../../src/domain/rooms/close.ts") &
  typeof import("../../src/domain/rooms/update.ts") &
  typeof import("../../src/domain/rooms/leave.ts") &
  typeof import("../../src/domain/rooms/set-member-role.ts") &
  typeof import("../../src/domain/rooms/mute-member.ts") &
  typeof import("../../src/domain/rooms/hide.ts") &
  typeof import("../../src/domain/rooms/mute-notifications.ts") &
  typeof import("../../src/domain/rooms/block-user.ts") &
  typeof import("../../src/domain/rooms/list-members.ts") &
  typeof import("../../src/domain/messages/send.ts") &
  typeof import("../../src/domain/messages/get.ts") &
  typeof import("../../src/domain/messages/list.ts") &
  typeof import("../../src/domain/messages/edit.ts") &
  typeof import("../../src/domain/messages/update-card.ts") &
  typeof import("../../src/domain/messages/delete.ts") &
  typeof import("../../src/domain/messages/set-reactions.ts") &
  typeof import("../../src/domain/messages/list-reactions.ts") &
  typeof import("../../src/domain/messages/pin.ts") &
  typeof import("../../src/domain/messages/unpin.ts") &
  typeof import("../../src/domain/messages/list-pinned.ts") &
  typeof import("../../src/domain/messages/commit.ts") &
  typeof import("../../src/domain/messages/cancel.ts") &
  typeof import("../../src/domain/messages/list-versions.ts") &
  typeof import("../../src/domain/messages/expire-holds.ts") &
  typeof import("../../src/domain/events/list-entries.ts") &
  typeof import("../../src/domain/reading/mark-read.ts") &
  typeof import("../../src/domain/reading/get-unread-count.ts") &
  typeof import("../../src/domain/reading/get-read-markers.ts") &
  typeof import("../../src/domain/admin/erase-room.ts") &
  typeof import("../../src/domain/admin/purge.ts");

const files = [
  "log/log.ts",
  "rooms/create.ts",
  "rooms/find-or-create-direct.ts",
  "rooms/add-members.ts",
  "rooms/remove-members.ts",
  "rooms/get.ts",
  "rooms/freeze.ts",
  "rooms/close.ts",
  "rooms/update.ts",
  "rooms/leave.ts",
  "rooms/set-member-role.ts",
  "rooms/mute-member.ts",
  "rooms/hide.ts",
  "rooms/mute-notifications.ts",
  "rooms/block-user.ts",
  "rooms/list-members.ts",
  "messages/send.ts",
  "messages/get.ts",
  "messages/list.ts",
  "messages/edit.ts",
  "messages/update-card.ts",
  "messages/delete.ts",
  "messages/set-reactions.ts",
  "messages/list-reactions.ts",
  "messages/pin.ts",
  "messages/unpin.ts",
  "messages/list-pinned.ts",
  "messages/commit.ts",
  "messages/cancel.ts",
  "messages/list-versions.ts",
  "messages/expire-holds.ts",
  "events/list-entries.ts",
  "reading/mark-read.ts",
  "reading/get-unread-count.ts",
  "reading/get-read-markers.ts",
  "admin/erase-room.ts",
  "admin/purge.ts",
];

/** `domainUrl` is the folder `domain`, with a slash at its end. */
export async function loadDomain(domainUrl: URL): Promise<Source> {
  const modules = await Promise.all(files.map((file) => import(/* @vite-ignore */ new URL(file, domainUrl).href)));
  return Object.assign({}, ...modules) as Source;
}

export const ownDomainUrl = new URL("../../src/domain/", import.meta.url);
