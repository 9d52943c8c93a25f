import type { MessageInitShape } from "@bufbuild/protobuf";
import type { ActorSchema } from "@maru/protocol";

/** Who acts, as requests take it. */
export type ActorInit = MessageInitShape<typeof ActorSchema>;

/** A user of the app acts; the calling service speaks on the user's behalf. */
export function user(userId: string): ActorInit {
  return { kind: { case: "userId", value: userId } };
}

/** The calling service acts for itself. The server knows its name from the token. */
export function service(): ActorInit {
  return { kind: { case: "service", value: {} } };
}

/** The chat system acts: nobody in particular. */
export function system(): ActorInit {
  return { kind: { case: "system", value: {} } };
}
