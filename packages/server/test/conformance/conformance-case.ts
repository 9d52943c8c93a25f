import type { Client, Transport } from "@connectrpc/connect";
import type {
  AdminService,
  CardService,
  ErrorReason,
  EventService,
  MessageService,
  PresenceService,
  ReadService,
  RoomService,
} from "@maru/protocol";

export type ReasonName = keyof typeof ErrorReason;

/** The generated clients of one calling service over one wire. They reject with MaruErrors. */
export interface Clients {
  readonly rooms: Client<typeof RoomService>;
  readonly messages: Client<typeof MessageService>;
  readonly events: Client<typeof EventService>;
  readonly reads: Client<typeof ReadService>;
  readonly presence: Client<typeof PresenceService>;
  readonly cards: Client<typeof CardService>;
  readonly admin: Client<typeof AdminService>;
  /** For calls that no generated client makes. */
  readonly transport: Transport;
}

export interface CaseContext extends Clients {
  /** Of another calling service. */
  readonly other: Clients;
  /** Of a caller with these words as credentials, or with none. */
  withToken(token: string | undefined): Clients;
  /** Kinds of rooms that may be made; `direct` by FindOrCreateDirect. */
  readonly kinds: { readonly group: string; readonly direct: string };
}

/** One thing that every deployment must do, over every wire. */
export interface ConformanceCase {
  /** A sentence. */
  readonly name: string;
  /** `RoomService/CreateRoom`: what is called and answered. */
  readonly calls: readonly string[];
  /** Why calls are refused. */
  readonly refuses?: readonly ReasonName[];
  /** Throws where the server does not conform. Its rooms and users are its own. */
  run(context: CaseContext): Promise<void>;
}
