import type { Message } from "@bufbuild/protobuf";
import { ErrorReason } from "@maru/protocol";
import type { FindRoomKinds } from "../domain/rooms/kinds-of-rooms.ts";
import { MaruError } from "../errors.ts";
import type { Grant, Policy } from "../policy/policy.ts";
import type { RateLimiter } from "../policy/rate-limiter.ts";
import type { ServiceCall } from "./service-call.ts";

/** What says whether a service may make a call. */
export interface Grants {
  readonly policy: Policy;
  readonly rates: RateLimiter;
  /** Asked only for services that are kept to some kinds of rooms. */
  readonly findRoomKinds: FindRoomKinds;
}

/** Lets the caller in, whom the call's credentials prove, or refuses: before the request's body is read. */
export function admitCaller(grants: Grants, call: ServiceCall, caller: string, certified: string | undefined): void {
  call.caller = caller;
  if (certified !== undefined && certified !== caller) {
    throw notAllowed(call, {}, `the certificate is that of ${certified}, and the token that of ${caller}`);
  }
  const grant = grants.policy.grantOf(caller);
  if (grant === undefined) throw notAllowed(call);
  call.grant = grant;
  if (grant.rate !== undefined) {
    call.rateShare = grants.rates.take(caller, grant.rate);
    const { retryAfterMs } = call.rateShare;
    if (retryAfterMs !== undefined) {
      throw new MaruError(ErrorReason.RATE_LIMITED, { metadata: { caller }, retryAfterMs });
    }
  }
  if (grant.methods?.has(call.method.name) === false) throw notAllowed(call);
}

/** Whether the caller may ask this of these rooms, as this actor. */
export function requireGranted(grants: Grants, call: ServiceCall, request: Message): Promise<void> | undefined {
  const { grant } = call;
  // Health and reflection are for anyone.
  if (grant === undefined) return undefined;
  if (!grant.actAsUsers || !grant.actAsSystem) requireActor(grant, call, request);
  return grant.kinds === undefined ? undefined : requireKinds(grants, grant.kinds, call, request);
}

function requireActor({ actAsUsers, actAsSystem }: Grant, call: ServiceCall, request: Message): void {
  const kind = call.method.reader.actorOf(request)?.kind.case;
  if (kind === "userId" && !actAsUsers) {
    throw notAllowed(call, { actor: "user" }, `the policy does not let ${call.caller} act on behalf of users`);
  }
  if (kind === "system" && !actAsSystem) {
    throw notAllowed(call, { actor: "system" }, `the policy does not let ${call.caller} act as the system`);
  }
}

function requireKinds(
  grants: Grants,
  granted: ReadonlySet<string>,
  call: ServiceCall,
  request: Message,
): Promise<void> | undefined {
  const { reader } = call.method;
  switch (reader.reach) {
    case "rooms":
      return requireRooms(grants, granted, call, reader.roomIdsOf(request));
    case "kind":
    case "kinds": {
      const kinds = reader.kindsOf(request);
      if (kinds.length === 0) throw notAllowed(call, {}, `${call.caller} must name kinds: ${[...granted].join(", ")}`);
      for (const kind of kinds) if (!granted.has(kind)) throw kindNotAllowed(call, kind);
      return undefined;
    }
    case "all":
      throw notAllowed(call, {}, `the call reaches rooms of every kind, and ${call.caller} may not`);
    case "roomless":
      return undefined;
  }
}

async function requireRooms(
  { findRoomKinds }: Grants,
  granted: ReadonlySet<string>,
  call: ServiceCall,
  roomIds: readonly string[],
): Promise<void> {
  const kinds = await findRoomKinds(roomIds);
  for (const kind of kinds.values()) if (!granted.has(kind)) throw kindNotAllowed(call, kind);
  const [roomId, ...others] = roomIds;
  // Where several rooms are named, those that are missing are for the answer to tell.
  if (roomId !== undefined && others.length === 0 && !kinds.has(roomId)) {
    throw new MaruError(ErrorReason.ROOM_NOT_FOUND, { metadata: { room_id: roomId } });
  }
}

function kindNotAllowed(call: ServiceCall, kind: string): MaruError {
  return notAllowed(
    call,
    { kind },
    `the policy does not let ${call.caller} make this call for rooms of the kind ${kind}`,
  );
}

function notAllowed(call: ServiceCall, metadata: Record<string, string> = {}, message?: string): MaruError {
  return new MaruError(ErrorReason.CALLER_NOT_ALLOWED, {
    metadata: { caller: call.caller, method: call.method.name, ...metadata },
    ...(message !== undefined && { message }),
  });
}
