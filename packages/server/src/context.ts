import {
  AdminService,
  CardService,
  EventService,
  MessageService,
  PresenceService,
  ReadService,
  RoomService,
} from "@maru/protocol";
import { readDescriptorSet } from "@maru/protocol/descriptors";
import { adminService } from "./api/admin-service.ts";
import { cardService } from "./api/card-service.ts";
import { eventService } from "./api/event-service.ts";
import { listen } from "./api/listen.ts";
import { messageService } from "./api/message-service.ts";
import { presenceService } from "./api/presence-service.ts";
import { readService } from "./api/read-service.ts";
import { roomService } from "./api/room-service.ts";
import { type ServiceRegistration, serveService } from "./api/service-registration.ts";
import { startBackgroundWork } from "./context/background-work.ts";
import { createDomain } from "./context/create-domain.ts";
import { createIdentity } from "./context/create-identity.ts";
import { createNode } from "./context/create-node.ts";
import { createTails } from "./context/create-tails.ts";
import { openPolicy } from "./context/open-policy.ts";
import type { ServerParts } from "./context/server-parts.ts";
import type { AdminDomain } from "./domain/admin/start-job.ts";
import type { Watching } from "./domain/events/watch-room.ts";
import { createFindRoomKinds } from "./domain/rooms/kinds-of-rooms.ts";
import { anyKind } from "./domain/rooms/room-kind.ts";
import { allowServices } from "./policy/policy.ts";

export interface ServedApi extends AsyncDisposable {
  readonly grpcAddress: string;
  readonly httpAddress: string;
  drain(): Promise<boolean>;
  /** Reads the policy file now; without one it does nothing. */
  reloadPolicy(): Promise<void>;
}

/** Starts both listeners, and work on jobs. Without the role api they serve health and metrics only. */
export async function serveApi(parts: ServerParts): Promise<ServedApi> {
  const { config, log, telemetry, store, checks } = parts;
  const servesCalls = config.roles.includes("api");
  await using starting = new AsyncDisposableStack();
  const policyFile =
    config.policyFile === undefined ? undefined : starting.use(await openPolicy(parts, config.policyFile));
  const node = starting.use(await createNode(parts, () => watching.tails));
  const watching = createTails(parts, { onFollowed: node.followed, onLeft: node.left });
  const domain = createDomain(parts, {
    kinds: policyFile ?? anyKind,
    onStored(entry) {
      watching.tails.stored(entry);
      node.stored(entry);
    },
    onReadMoved: node.readMoved,
    presences: node.presences,
    inbox: node.inbox,
  });
  const listening = starting.use(
    await listen({
      config,
      services: servesCalls ? registrations(domain, watching) : [],
      reflection: config.reflection ? readDescriptorSet() : undefined,
      checks: [...checks, ...node.checks],
      identity: createIdentity(parts),
      policy: policyFile ?? allowServices(config.allowedServices),
      findRoomKinds: createFindRoomKinds(store),
      telemetry,
      log,
    }),
  );
  const background = servesCalls ? startBackgroundWork(parts, domain).map((work) => starting.use(work)) : [];
  const started = starting.move();
  return {
    grpcAddress: listening.grpcAddress,
    httpAddress: listening.httpAddress,
    async drain() {
      const [allEnded] = await Promise.all([listening.drain(), ...background.map((work) => work.drain())]);
      return allEnded;
    },
    reloadPolicy: async () => policyFile?.reload(),
    [Symbol.asyncDispose]: () => started.disposeAsync(),
  };
}

function registrations(domain: AdminDomain, watching: Watching): ServiceRegistration[] {
  return [
    serveService(RoomService, roomService(domain)),
    serveService(MessageService, messageService(domain)),
    serveService(EventService, eventService(domain, watching)),
    serveService(ReadService, readService(domain)),
    serveService(PresenceService, presenceService(domain)),
    serveService(CardService, cardService(domain)),
    serveService(AdminService, adminService(domain)),
  ];
}
