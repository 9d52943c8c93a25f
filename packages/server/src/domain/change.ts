import type { LoggedEntry } from "./store.ts";

/** What the table says has happened, in the order in which it happened in each room. */
export type Change =
  | { readonly kind: "entry"; readonly entry: LoggedEntry; readonly committedAtMs: number }
  /** An entry that a newer version wrote: its type is not known here, or its item must not be read here. */
  | { readonly kind: "unknown_entry"; readonly type: string; readonly roomId: string; readonly seq: number }
  | { readonly kind: "read_marker"; readonly roomId: string; readonly userId: string; readonly readSeq: number }
  /** An entry that was brought from another system: history, and no event. */
  | { readonly kind: "imported_entry"; readonly roomId: string; readonly seq: number }
  /** Nothing that others hear of. */
  | { readonly kind: "ignored"; readonly why: IgnoredWhy }
  /** A new entry that cannot be read. It has a number, so readers will miss it. */
  | { readonly kind: "poison"; readonly why: string; readonly roomId: string; readonly sortKey: string };

export type IgnoredWhy =
  | "entry_modified"
  | "imported_member"
  | "room_state"
  | "member_state"
  | "removed"
  | "unknown_event_name"
  | "unknown_item";
