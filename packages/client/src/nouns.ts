import type { DescService } from "@bufbuild/protobuf";
import type { Client, Transport } from "@connectrpc/connect";
import {
  AdminService,
  CardService,
  EventService,
  MessageService,
  PresenceService,
  ReadService,
  RoomService,
} from "@maru/protocol";
import { createServiceClient } from "./method-call.ts";

/** A service of the contract, and the noun that the names of its methods drop. */
export interface NounOf<S extends DescService = DescService, N extends string = string> {
  readonly service: S;
  /** `Message`: SendMessage becomes `send`, ListMessages `list`. Empty where names are kept as they are. */
  readonly noun: N;
}

function noun<S extends DescService, N extends string>(service: S, noun: N): NounOf<S, N> {
  return { service, noun };
}

/** The nouns that the client offers. One line per service, none per RPC. */
export const nouns = {
  /** Rooms and their members: `rooms.create`, `rooms.get`, `rooms.addMembers`, … */
  rooms: noun(RoomService, "Room"),
  /** Messages of rooms: `messages.send`, `messages.get`, `messages.list`, … */
  messages: noun(MessageService, "Message"),
  /** What happened in rooms: `events.listEntries`, … */
  events: noun(EventService, "Event"),
  /** Who has read how far: `reads.markRead`, `reads.getReadMarkers`, … */
  reads: noun(ReadService, ""),
  /** Who is connected: `presence.batchGet`. */
  presence: noun(PresenceService, "Presence"),
  /** Types of cards: `cards.registerCardTypes`, `cards.listCardTypes`, … Cards themselves are messages. */
  cards: noun(CardService, "Card"),
  /** For those who run Maru: `admin.eraseUser`, `admin.exportRoom`, … */
  admin: noun(AdminService, ""),
};

/** The name of a method without the noun: `sendMessage` and `Message` give `send`; `batchGetRooms` and `Room` give `batchGet`. */
export type Verb<Method extends string, Noun extends string> = Noun extends ""
  ? Method
  : Method extends `${infer V}${Noun}`
    ? V
    : Method extends `${infer V}${Noun}s`
      ? V
      : Method;

/** The generated client of a service, its methods named by verbs. */
export type NounClient<S extends DescService, Noun extends string> = {
  readonly [M in keyof Client<S> as Verb<M & string, Noun>]: Client<S>[M];
};

/** The client of each noun. */
export type NounClients = {
  readonly [N in keyof typeof nouns]: (typeof nouns)[N] extends NounOf<infer S, infer Noun>
    ? NounClient<S, Noun>
    : never;
};

/** What {@link Verb} does, at run time. */
export function toVerb(method: string, noun: string): string {
  for (const ending of noun === "" ? [] : [noun, `${noun}s`]) {
    if (method.endsWith(ending) && method !== ending) return method.slice(0, -ending.length);
  }
  return method;
}

/** The generated client of a service, its methods named by verbs. Throws when two methods would get one name. */
export function createNounClient<S extends DescService, N extends string>(
  { service, noun }: NounOf<S, N>,
  transport: Transport,
): NounClient<S, N> {
  const named = Object.entries(createServiceClient(service, transport)).map(([method, call]) => [
    toVerb(method, noun),
    call,
  ]);
  const client = Object.fromEntries(named);
  if (Object.keys(client).length < named.length) throw new Error(`${service.typeName}: two methods have one verb`);
  return client;
}

/** The client of each noun. */
export function createNounClients(transport: Transport): NounClients {
  const all: readonly [string, NounOf][] = Object.entries(nouns);
  return Object.fromEntries(all.map(([name, noun]) => [name, createNounClient(noun, transport)])) as NounClients;
}
