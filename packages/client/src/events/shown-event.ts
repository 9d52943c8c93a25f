import { inspect } from "node:util";
import { toJson } from "@bufbuild/protobuf";
import { EntrySchema } from "@maru/protocol";
import type { AnyEvent, EventFacts } from "./handlers.ts";

/** How events look in a log or a debugger: whole, also where something is decoded only when it is looked at. */
export abstract class ShownEvent {
  /** Without the body, which is in the entry. A plain event could not be made JSON, because of the times in it. */
  toJSON(): Record<string, unknown> {
    const { entry, body: _, ...facts } = plainOf(this as unknown as AnyEvent);
    return { ...facts, entry: toJson(EntrySchema, entry) };
  }

  [inspect.custom](): object {
    return plainOf(this as unknown as AnyEvent);
  }
}

function plainOf(event: AnyEvent): EventFacts & Pick<AnyEvent, "kind" | "body"> {
  const { roomId, seq, entry, type, committedAt, streamedAt, relayedAt, healed, kind, body } = event;
  return { roomId, seq, entry, type, committedAt, streamedAt, relayedAt, healed, kind, body };
}
