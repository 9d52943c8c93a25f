import type { MessageInitShape } from "@bufbuild/protobuf";
import type { MentionSchema } from "@maru/protocol";
import type { ContentInit } from "../contents.ts";
import type { RealtimeError } from "./realtime-error.ts";

/** What a stored message got. */
export interface SentMessage {
  /** Its number in the room: the entry with this `seq` is the message. */
  readonly seq: number;
  /** Its time; undefined when the gateway did not say. */
  readonly createdAt: Date | undefined;
}

/** More about a message than its content. */
export interface SendOptions {
  /** Number of the message that this one answers. */
  readonly replyToSeq?: number;
  /** Who is mentioned, and where. */
  readonly mentions?: readonly MessageInitShape<typeof MentionSchema>[];
  /** A UUIDv7 made once for the message, when it was made before: for messages that the app stores until they are sent. */
  readonly key?: string;
}

/** A message on its way: show it at once. Its entry comes in the room's loop too, with the same key as `entry.idempotencyKey`. */
export interface Sending {
  readonly roomId: string;
  readonly key: string;
  readonly content: ContentInit;
  /** `pending` until a gateway has said that it is stored, or that it never will be. */
  readonly state: "pending" | "sent" | "refused";
  /** Why, when it was refused. */
  readonly error: RealtimeError | undefined;
  /** What it got, when it was sent. */
  readonly sent: SentMessage | undefined;
  /** Settles with that; rejects with a {@link RealtimeError} when it is refused. Need not be awaited. */
  readonly done: Promise<SentMessage>;
}

/** A sending, and what changes it. */
export interface OpenSending {
  readonly sending: Sending;
  readonly resolve: (sent: SentMessage) => void;
  readonly reject: (error: RealtimeError) => void;
}

export function openSending(roomId: string, key: string, content: ContentInit): OpenSending {
  const { promise, resolve, reject } = Promise.withResolvers<SentMessage>();
  // An app that looks at `state` alone has seen it too.
  promise.catch(() => {});
  const sending = {
    roomId,
    key,
    content,
    state: "pending" as Sending["state"],
    error: undefined as RealtimeError | undefined,
    sent: undefined as SentMessage | undefined,
    done: promise,
  };
  return {
    sending,
    resolve(sent) {
      sending.state = "sent";
      sending.sent = sent;
      resolve(sent);
    },
    reject(error) {
      sending.state = "refused";
      sending.error = error;
      reject(error);
    },
  };
}
