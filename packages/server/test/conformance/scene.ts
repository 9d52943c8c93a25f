import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { type MaruError, service, text, toMaruError, user } from "@maru/client";
import { type Entry, ErrorReason, MemberRole } from "@maru/protocol";
import { errorTable } from "../../src/errors.ts";
import type { CaseContext, Clients, ReasonName } from "./conformance-case.ts";

/** An id that no other run has. */
export function fresh(name: string): string {
  return `conformance-${name}-${randomUUID().slice(0, 13)}`;
}

/** A room made by the service, with the admin `root` and these ordinary members. */
export async function openRoom({ rooms, kinds }: CaseContext, userIds: readonly string[] = ["ann"]): Promise<string> {
  const members = [
    { userId: "root", role: MemberRole.ADMIN },
    ...userIds.map((userId) => ({ userId, role: MemberRole.MEMBER })),
  ];
  const { room } = await rooms.createRoom({ actor: service(), kind: kinds.group, title: "conformance", members });
  return found(room).roomId;
}

/** The number of a text in a room. */
export async function say({ messages }: Clients, roomId: string, words: string, userId = "ann"): Promise<number> {
  const { entry } = await messages.sendMessage({ roomId, actor: user(userId), content: text(words) });
  return found(entry).seq;
}

/** The call is refused for this reason, with the code that belongs to it and a request id. */
export async function refused(reason: ReasonName, call: Promise<unknown>): Promise<MaruError> {
  const error = await call.then(
    () => assert.fail(`the call was to be refused: ${reason}`),
    (thrown: unknown) => toMaruError(thrown),
  );
  assert.equal(ErrorReason[error.reason], reason, error.message);
  assert.equal(error.code, errorTable[ErrorReason[reason]].status);
  assert.ok(error.requestId, "a refusal carries a request id");
  return error;
}

export function found<T>(value: T | undefined): T {
  assert.ok(value !== undefined, "the answer lacks what must be there");
  return value;
}

export function seqsOf(entries: readonly Entry[]): number[] {
  return entries.map(({ seq }) => seq);
}

/** What the words of a text message are; undefined for anything else. */
export function wordsOf(entry: Entry | undefined): string | undefined {
  const content = entry?.body.case === "messageSent" ? entry.body.value.content?.kind : undefined;
  return content?.case === "text" ? content.value.text : undefined;
}

/** Asks again until the answer is as it must be in the end. */
export async function eventually(check: () => Promise<void>, withinMs = 20_000): Promise<void> {
  for (const untilMs = Date.now() + withinMs; ; await sleep(50)) {
    try {
      return await check();
    } catch (error) {
      if (Date.now() > untilMs) throw error;
    }
  }
}

/** The first parts of a stream, which is then left. */
export async function firstParts<Part>(
  open: (signal: AbortSignal) => AsyncIterable<Part>,
  count: number,
): Promise<Part[]> {
  const leaving = new AbortController();
  const parts: Part[] = [];
  for await (const part of open(leaving.signal)) {
    parts.push(part);
    if (parts.length === count) break;
  }
  leaving.abort();
  assert.equal(parts.length, count, "the stream ended too soon");
  return parts;
}
