import { clone, type DescMethod, fromBinary, fromJsonString, type Message } from "@bufbuild/protobuf";
import { type Entry, ErrorReason, type Job, type Room } from "@maru/protocol";
import { forgetRoom, keepRequest, learnEntry, learnRoom, type Pool } from "./pool.ts";

interface Answer {
  readonly room?: Room;
  readonly entry?: Entry;
  readonly job?: Job;
  readonly nextPageToken?: string;
  readonly results?: readonly { readonly outcome: { readonly case?: string; readonly value?: unknown } }[];
}

/** Takes what an answer tells into the pool. Returns what in it is no answer: a part of it that failed unforeseen. */
export function learn(pool: Pool, method: DescMethod, request: Message, isJson: boolean, parts: readonly Uint8Array[]) {
  for (const part of parts) {
    const answer: Message & Answer = isJson
      ? fromJsonString(method.output, Buffer.from(part).toString())
      : fromBinary(method.output, part);
    const { room, entry, job, nextPageToken, results = [] } = answer;
    if (room !== undefined) learnRoom(pool, { ...room, userIds: usersOf(room, request, pool), messages: [] });
    if (entry !== undefined) learnEntry(pool, entry);
    if (job !== undefined && !pool.jobIds.includes(job.jobId)) pool.jobIds.push(job.jobId);
    if (entry?.body.case === "roomClosed") forgetRoom(pool, entry.roomId);
    if (nextPageToken !== undefined && nextPageToken !== "") {
      const next = clone(method.input, request);
      Reflect.set(next, "pageToken", nextPageToken);
      keepRequest(pool.nextPages, method, next);
    }
    for (const { outcome } of results) if (outcome.case === "entry") learnEntry(pool, outcome.value as Entry);
    const failed = results.find(({ outcome }) => Reflect.get(Object(outcome.value), "reason") === ErrorReason.INTERNAL);
    if (failed !== undefined) return "a result of the answer is INTERNAL";
  }
  keepRequest(pool.served, method, request);
  return undefined;
}

function usersOf(room: Room, request: Message, { rooms, userIds }: Pool): readonly string[] {
  const known = rooms.find(({ roomId }) => roomId === room.roomId);
  if (known !== undefined) return known.userIds;
  const members: unknown = Reflect.get(request, "members");
  const named = Array.isArray(members) ? members.map(({ userId }: { userId: string }) => userId) : room.directUserIds;
  return named.length > 0 ? named : userIds;
}
