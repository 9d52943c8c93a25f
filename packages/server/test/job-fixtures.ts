import { create } from "@bufbuild/protobuf";
import { CreateRoomRequestSchema, type JobKind } from "@maru/protocol";
import { type JobProgress, type JobRecord, type JobStep, noProgress } from "../src/domain/admin/job.ts";
import type { Domain } from "../src/domain/domain.ts";
import { createRoom } from "../src/domain/rooms/create.ts";
import { call, service } from "./log-fixtures.ts";

/** A job that is about `ann`, where it is about a user. */
export function jobOf(kind: JobKind, progress: JobProgress = noProgress): JobRecord {
  return {
    jobId: "job",
    kind,
    userId: "ann",
    caller: "ops",
    isDone: false,
    progress,
    createdAtMs: 0,
    updatedAtMs: 0,
    lastError: "",
  };
}

/** A room of `ann` and `bob`. */
export async function openRoom(server: Domain, kind = "group"): Promise<string> {
  const members = [{ userId: "ann" }, { userId: "bob" }];
  const request = create(CreateRoomRequestSchema, { actor: service, kind, members });
  return (await createRoom(server, call, request)).room.roomId;
}

export async function progressOf(walk: AsyncIterable<JobStep>): Promise<JobProgress[]> {
  return (await Array.fromAsync(walk)).map(({ progress }) => progress);
}

/** The walk's so-and-so-many-th step; it goes no further. */
export async function stepOf(walk: AsyncIterable<JobStep>, count: number): Promise<JobStep> {
  let seen = 0;
  for await (const step of walk) if (++seen === count) return step;
  throw new Error(`the walk ended before step ${count}`);
}
