import { ErrorReason } from "@maru/protocol";

/** Names of gRPC's status codes, as far as Maru answers with them. */
export type StatusName =
  | "INVALID_ARGUMENT"
  | "UNAUTHENTICATED"
  | "PERMISSION_DENIED"
  | "NOT_FOUND"
  | "ALREADY_EXISTS"
  | "FAILED_PRECONDITION"
  | "ABORTED"
  | "RESOURCE_EXHAUSTED"
  | "UNAVAILABLE"
  | "DEADLINE_EXCEEDED"
  | "CANCELLED"
  | "UNIMPLEMENTED"
  | "INTERNAL";

/** Status and sentence of every reason. The contract's comments and docs/errors.md are compared with it. */
export const errorTable: Record<ErrorReason, { readonly status: StatusName; readonly message: string }> = {
  [ErrorReason.UNSPECIFIED]: { status: "INTERNAL", message: "no reason was given" },
  [ErrorReason.INVALID_REQUEST]: {
    status: "INVALID_ARGUMENT",
    message: "the request breaks a rule of the contract; BadRequest details name each field and rule",
  },
  [ErrorReason.MALFORMED_REQUEST]: {
    status: "INVALID_ARGUMENT",
    message: "the bytes are not a message of the expected type",
  },
  [ErrorReason.CONTENT_TOO_LARGE]: {
    status: "INVALID_ARGUMENT",
    message: "the content is larger than this server allows",
  },
  [ErrorReason.TOO_MANY_MEMBERS]: {
    status: "INVALID_ARGUMENT",
    message: "the room would have more members than its kind allows",
  },
  [ErrorReason.PAGE_TOKEN_INVALID]: {
    status: "INVALID_ARGUMENT",
    message: "the page token was not made by this call with these other fields",
  },
  [ErrorReason.IDEMPOTENCY_KEY_IN_FUTURE]: {
    status: "INVALID_ARGUMENT",
    message:
      "the UUIDv7 key's time is further ahead of the server's clock than is allowed; correct the clock by server_time",
  },
  [ErrorReason.ROOM_KIND_NOT_ALLOWED]: {
    status: "INVALID_ARGUMENT",
    message: "this kind of room cannot be made by this call, or is not declared",
  },
  [ErrorReason.ACTOR_NOT_ALLOWED]: {
    status: "INVALID_ARGUMENT",
    message: "this kind of actor cannot do this, a service cannot mark a room as read for example",
  },
  [ErrorReason.CARD_INVALID]: { status: "INVALID_ARGUMENT", message: "the card's bytes are not a message of its type" },
  [ErrorReason.FIELD_MASK_INVALID]: {
    status: "INVALID_ARGUMENT",
    message: "the field mask names a field that cannot be changed",
  },
  [ErrorReason.TOKEN_MISSING]: { status: "UNAUTHENTICATED", message: "the call carries no credentials" },
  [ErrorReason.TOKEN_INVALID]: {
    status: "UNAUTHENTICATED",
    message: "the token is malformed, has a wrong signature, issuer or audience, or names no service",
  },
  [ErrorReason.TOKEN_EXPIRED]: { status: "UNAUTHENTICATED", message: "the token has expired, or is not valid yet" },
  [ErrorReason.CALLER_NOT_ALLOWED]: {
    status: "PERMISSION_DENIED",
    message: "the policy does not let this service make this call, or not for this kind of room or this actor",
  },
  [ErrorReason.NOT_A_MEMBER]: { status: "PERMISSION_DENIED", message: "the acting user is not a member of the room" },
  [ErrorReason.ROLE_REQUIRED]: { status: "PERMISSION_DENIED", message: "the acting user's role does not allow this" },
  [ErrorReason.NOT_THE_AUTHOR]: {
    status: "PERMISSION_DENIED",
    message: "only the author, an admin or a service may do this",
  },
  [ErrorReason.USER_BLOCKED]: {
    status: "PERMISSION_DENIED",
    message: "one of the two users of the direct room blocked the other",
  },
  [ErrorReason.CARD_TYPE_NOT_OWNED]: {
    status: "PERMISSION_DENIED",
    message: "only the service that owns the card's type may do this",
  },
  [ErrorReason.ROOM_NOT_FOUND]: { status: "NOT_FOUND", message: "there is no such room" },
  [ErrorReason.ENTRY_NOT_FOUND]: { status: "NOT_FOUND", message: "the room has no entry with this number" },
  [ErrorReason.ENTRY_PURGED]: { status: "NOT_FOUND", message: "the entry was removed by retention" },
  [ErrorReason.NOT_A_MESSAGE]: { status: "NOT_FOUND", message: "the entry with this number is not a message" },
  [ErrorReason.MEMBER_NOT_FOUND]: { status: "NOT_FOUND", message: "the user is no member of the room" },
  [ErrorReason.IDEMPOTENCY_KEY_REUSED]: {
    status: "ALREADY_EXISTS",
    message: "the key was used before for another request",
  },
  [ErrorReason.IDEMPOTENCY_KEY_TOO_OLD]: {
    status: "FAILED_PRECONDITION",
    message: "the key is older than the server can look back, so it cannot say whether it was used",
  },
  [ErrorReason.ROOM_FROZEN]: { status: "FAILED_PRECONDITION", message: "sending is stopped in this room for now" },
  [ErrorReason.ROOM_CLOSED]: { status: "FAILED_PRECONDITION", message: "the room is closed for good" },
  [ErrorReason.MEMBER_MUTED]: { status: "FAILED_PRECONDITION", message: "the acting user may not write until a time" },
  [ErrorReason.SEQ_BEYOND_END]: {
    status: "FAILED_PRECONDITION",
    message: "the number is beyond the end of the room's log",
  },
  [ErrorReason.REPLY_TARGET_INVALID]: { status: "FAILED_PRECONDITION", message: "the entry to answer does not exist" },
  [ErrorReason.CARD_TYPE_UNKNOWN]: { status: "FAILED_PRECONDITION", message: "the card's type is not registered" },
  [ErrorReason.EDIT_WINDOW_CLOSED]: { status: "FAILED_PRECONDITION", message: "the message is too old to be edited" },
  [ErrorReason.EDIT_LIMIT_REACHED]: {
    status: "FAILED_PRECONDITION",
    message: "the message was edited as often as is allowed",
  },
  [ErrorReason.MESSAGE_DELETED]: { status: "FAILED_PRECONDITION", message: "the message was deleted" },
  [ErrorReason.REACTION_LIMIT_REACHED]: {
    status: "FAILED_PRECONDITION",
    message: "the message has as many reactions as are allowed",
  },
  [ErrorReason.PIN_LIMIT_REACHED]: {
    status: "FAILED_PRECONDITION",
    message: "the room has as many pinned messages as are allowed",
  },
  [ErrorReason.HOLD_NOT_OPEN]: {
    status: "FAILED_PRECONDITION",
    message: "the message is not held: it was committed, cancelled or expired, or never held",
  },
  [ErrorReason.ROOM_NOT_SERVED_HERE]: {
    status: "FAILED_PRECONDITION",
    message: "the room is still, or again, owned by the other system of a migration",
  },
  [ErrorReason.APPEND_CONTENDED]: {
    status: "ABORTED",
    message: "too many writers at once; nothing was written. RetryInfo says when to try again",
  },
  [ErrorReason.STATE_CHANGED]: {
    status: "ABORTED",
    message: "the room's state is no longer the one that the request expects",
  },
  [ErrorReason.RATE_LIMITED]: {
    status: "RESOURCE_EXHAUSTED",
    message: "the caller sends more than its share. RetryInfo says when to try again",
  },
  [ErrorReason.REQUEST_TOO_LARGE]: {
    status: "RESOURCE_EXHAUSTED",
    message: "the request is larger than the server reads",
  },
  [ErrorReason.STORE_UNAVAILABLE]: {
    status: "UNAVAILABLE",
    message:
      "the table cannot be reached or throttles. Whether a write took place is not known: repeat it with the same key",
  },
  [ErrorReason.TOPIC_NOT_CONFIGURED]: {
    status: "FAILED_PRECONDITION",
    message: "the server knows no brokers (MARU_KAFKA_BROKERS), so it cannot look into the topic of room events",
  },
  [ErrorReason.REALTIME_UNAVAILABLE]: {
    status: "UNAVAILABLE",
    message: "Redis cannot be reached, or the server knows none (MARU_REDIS_NODES), so it cannot say who is connected",
  },
  [ErrorReason.ROOM_NOT_FOLLOWED]: {
    status: "FAILED_PRECONDITION",
    message: "the connection does not follow the room: send a resume for it first",
  },
  [ErrorReason.TOO_MANY_ROOMS_FOLLOWED]: {
    status: "RESOURCE_EXHAUSTED",
    message: "the connection follows as many rooms as it may: unfollow some first",
  },
  [ErrorReason.DRAINING]: { status: "UNAVAILABLE", message: "the server is shutting down; another one serves" },
  [ErrorReason.DEADLINE_EXCEEDED]: {
    status: "DEADLINE_EXCEEDED",
    message:
      "the time that the caller gave ran out. Whether a write took place is not known: repeat it with the same key",
  },
  [ErrorReason.CANCELLED]: { status: "CANCELLED", message: "the caller cancelled the call" },
  [ErrorReason.METHOD_UNKNOWN]: { status: "UNIMPLEMENTED", message: "the server does not know this method" },
  [ErrorReason.INTERNAL]: {
    status: "INTERNAL",
    message: "the server failed in a way that it did not foresee. The request id leads to its log",
  },
  [ErrorReason.MESSAGE_HELD]: {
    status: "FAILED_PRECONDITION",
    message: "the message is held, or was cancelled, so this cannot be done with it",
  },
  [ErrorReason.ROOM_NOT_DIRECT]: {
    status: "FAILED_PRECONDITION",
    message: "the room was not made by FindOrCreateDirect",
  },
  [ErrorReason.CARD_TYPE_MISMATCH]: {
    status: "FAILED_PRECONDITION",
    message: "the message is no card, or one of another type",
  },
  [ErrorReason.CARD_TYPES_INVALID]: {
    status: "INVALID_ARGUMENT",
    message: "the bytes are no descriptor set, lack an import, or do not hold the type",
  },
  [ErrorReason.CARD_TYPES_INCOMPATIBLE]: {
    status: "FAILED_PRECONDITION",
    message: "older readers would stumble over the new descriptors; the message says where",
  },
  [ErrorReason.JOB_NOT_FOUND]: { status: "NOT_FOUND", message: "there is no such job" },
  [ErrorReason.IDENTITY_UNAVAILABLE]: {
    status: "UNAVAILABLE",
    message: "the keys of the tokens' issuer cannot be fetched, so the token was neither accepted nor refused",
  },
};

export interface MaruErrorOptions {
  readonly metadata?: Readonly<Record<string, string | number>>;
  /** Says more than the table's sentence does. */
  readonly message?: string;
  /** For BadRequest details. */
  readonly violations?: readonly { readonly field: string; readonly description: string }[];
  /** For RetryInfo details. */
  readonly retryAfterMs?: number;
  /** For the log; never sent. */
  readonly cause?: unknown;
}

/** The one error that domain code throws. It knows no transport: an interceptor translates it. */
export class MaruError extends Error {
  override readonly name = "MaruError";
  readonly reason: ErrorReason;
  readonly metadata: Readonly<Record<string, string>>;
  readonly violations: readonly { readonly field: string; readonly description: string }[];
  readonly retryAfterMs: number | undefined;

  constructor(reason: ErrorReason, options: MaruErrorOptions = {}) {
    super(options.message ?? errorTable[reason].message, { cause: options.cause });
    this.reason = reason;
    this.metadata = Object.fromEntries(
      Object.entries(options.metadata ?? {}).map(([key, value]) => [key, String(value)]),
    );
    this.violations = options.violations ?? [];
    this.retryAfterMs = options.retryAfterMs;
  }
}
