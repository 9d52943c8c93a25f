/** The verbs under test, of the project's tree or of a copy with a fault in it. */
export type DomainModule = Awaited<ReturnType<typeof loadDomain>>;

type Source = typeof import("../../src/domain/log/log.ts") &
  typeof import("../../src/domain/rooms/create.ts") &
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
  typeof import("../../src/domain/rooms/list-members.ts") &
  typeof import("../../src/domain/messages/send.ts") &
  typeof import("../../src/domain/messages/get.ts") &
  typeof import("../../src/domain/messages/list.ts") &
  typeof import("../../src/domain/reading/mark-read.ts") &
  typeof import("../../src/domain/reading/get-read-markers.ts") &
  typeof import("../../src/domain/admin/purge.ts");

const files = [
  "log/log.ts",
  "rooms/create.ts",
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
  "rooms/list-members.ts",
  "messages/send.ts",
  "messages/get.ts",
  "messages/list.ts",
  "reading/mark-read.ts",
  "reading/get-read-markers.ts",
  "admin/purge.ts",
];

/** `domainUrl` is the folder `domain`, with a slash at its end. */
export async function loadDomain(domainUrl: URL): Promise<Source> {
  const modules = await Promise.all(files.map((file) => import(/* @vite-ignore */ new URL(file, domainUrl).href)));
  return Object.assign({}, ...modules) as Source;
}

export const ownDomainUrl = new URL("../../src/domain/", import.meta.url);
