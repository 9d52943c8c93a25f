import type { Conversation, Pending, ShownMessage } from "./conversation.ts";

/** What the page draws of a conversation, from top to bottom. `key` stays the same as long as it is the same thing. */
export type Line =
  | { readonly kind: "day"; readonly key: string; readonly label: string }
  | { readonly kind: "unread"; readonly key: string }
  | { readonly kind: "notice"; readonly key: string; readonly text: string }
  | MessageLine
  | PendingLine;

export interface MessageLine {
  readonly kind: "message";
  readonly key: string;
  readonly message: ShownMessage;
  readonly own: boolean;
  /** Whether it follows a message of the same sender closely: name and picture are not repeated. */
  readonly continued: boolean;
  readonly time: string;
  /** Of an own message: who has read it. */
  readonly readBy: readonly string[];
  /** Of an own message: whether all others have. */
  readonly readByAll: boolean;
}

export interface PendingLine {
  readonly kind: "pending";
  readonly key: string;
  readonly message: Pending;
  readonly time: string;
}

export interface LinesView {
  readonly me: string;
  /** How far the other members have read. */
  readonly readSeqs: ReadonlyMap<string, number>;
  /** Up to where the user had read when the room was opened: what came after it is marked. */
  readonly unreadAfterSeq: number | undefined;
  readonly nowMs: number;
  readonly locale?: string;
  readonly timeZone?: string;
}

const togetherMs = 5 * 60_000;

export function toLines({ shown, pending }: Conversation, view: LinesView): Line[] {
  const lines: Line[] = [];
  const format = formats(view);
  let day = "";
  let before: ShownMessage | undefined;
  let isMarked = false;
  for (const one of [...shown.values()].sort((a, b) => a.seq - b.seq)) {
    if (one.kind === "message" && one.content.kind === "hidden") continue;
    const today = format.day(one.sentAtMs);
    if (today !== day) {
      lines.push({ kind: "day", key: `day ${today}`, label: today });
      day = today;
      before = undefined;
    }
    if (one.kind === "notice") {
      lines.push({ kind: "notice", key: `seq ${one.seq}`, text: one.text });
      before = undefined;
      continue;
    }
    const own = one.senderId === view.me;
    if (!isMarked && !own && view.unreadAfterSeq !== undefined && one.seq > view.unreadAfterSeq) {
      lines.push({ kind: "unread", key: "unread" });
      isMarked = true;
      before = undefined;
    }
    lines.push({
      kind: "message",
      key: `seq ${one.seq}`,
      message: one,
      own,
      continued: before?.senderId === one.senderId && one.sentAtMs - before.sentAtMs < togetherMs,
      time: format.time(one.sentAtMs),
      ...readersOf(one, own, view),
    });
    before = one;
  }
  for (const message of pending) {
    lines.push({ kind: "pending", key: `key ${message.key}`, message, time: format.time(message.sentAtMs) });
  }
  return lines;
}

function readersOf({ seq }: ShownMessage, own: boolean, { me, readSeqs }: LinesView) {
  const others = [...readSeqs].filter(([userId]) => userId !== me);
  const readBy = own ? others.filter(([, readSeq]) => readSeq >= seq).map(([userId]) => userId) : [];
  return { readBy, readByAll: own && others.length > 0 && readBy.length === others.length };
}

function formats({ nowMs, locale, timeZone }: LinesView) {
  const zone = timeZone === undefined ? {} : { timeZone };
  const time = new Intl.DateTimeFormat(locale, { hour: "2-digit", minute: "2-digit", ...zone });
  const date = new Intl.DateTimeFormat(locale, { weekday: "long", day: "numeric", month: "long", ...zone });
  const dayMs = 24 * 60 * 60_000;
  const [today, yesterday] = [date.format(nowMs), date.format(nowMs - dayMs)];
  return {
    time: (ms: number) => time.format(ms),
    day: (ms: number) => {
      const label = date.format(ms);
      if (label === today && nowMs - ms < 2 * dayMs) return "Today";
      return label === yesterday && nowMs - ms < 3 * dayMs ? "Yesterday" : label;
    },
  };
}
