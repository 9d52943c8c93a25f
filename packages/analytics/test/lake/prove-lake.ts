import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { connectMaru, type Maru } from "@maru/client";
import { scratchName } from "@maru/devstack";
import { openFleet, type ProgramNode } from "@maru/devstack/servers";
import { JobState } from "@maru/protocol";
import { parseFailureLines } from "../../src/delivery/failure-place.ts";
import { eraseUsers } from "../../src/erasure/erase-users.ts";
import { readLines } from "../../src/lake/rows.ts";
import { type Fed, feedConversations } from "../../src/local/feed-conversations.ts";
import type { LakeSql } from "./lake-sql.ts";
import { type ServiceMessage, serviceMessages } from "./service-view.ts";

export interface ProofOptions {
  readonly dynamodb: { readonly endpoint: string; readonly region: string };
  readonly brokers: readonly string[];
  readonly objectStore: { readonly endpoint: string; readonly accessKeyId: string; readonly secretAccessKey: string };
  readonly lake: LakeSql;
  readonly file: string;
  readonly maxRooms: number;
  readonly kills: number;
  readonly signal: AbortSignal;
  readonly onProgress: (messages: number, total: number) => void;
  readonly onFed?: () => void;
}

export interface Proof {
  readonly rooms: number;
  readonly messages: number;
  readonly kills: number;
  readonly rows: number;
  /** Rows of changes that the lake has more than once: it may, and the views must not show it. */
  readonly repeatedRows: number;
  /** Rooms in which the view and the service do not say the same, before and after the erasure reached the lake. */
  readonly differentRooms: readonly string[];
  readonly differentAfterErasure: readonly string[];
  /** Rows of the erased user's messages, and of what changed these, that still say something. */
  readonly rowsLeft: number;
  readonly rewrittenRows: number;
}

/**
 * Real conversations through the service, with edits, deletions, reactions, people who leave and one who is erased, while
 * the way to the lake is killed, refuses rows and repeats batches. At the end the view is held against the service.
 */
export async function proveLake(options: ProofOptions): Promise<Proof> {
  const { lake, signal } = options;
  await using world = new AsyncDisposableStack();
  const fleet = world.use(
    await openFleet({
      dynamodbEndpoint: options.dynamodb.endpoint,
      brokers: options.brokers,
      env: {
        MARU_TABLE: scratchName("maru"),
        MARU_CONTROL_TABLE: scratchName("control"),
        MARU_KAFKA_TOPIC: scratchName("events"),
        MARU_KAFKA_READ_MARKERS_TOPIC: scratchName("markers"),
        MARU_ROLES: "api",
      },
    }),
  );
  await fleet.setUp();
  const server = await fleet.startServer({ name: "server" });
  const maru = world.use(connectMaru({ address: server.grpcAddress, token: await fleet.token("lake-proof") }));
  const pipeline = await fleet.startProgram({
    name: "pipeline",
    file: join(import.meta.dirname, "../../src/local/pipeline-program.ts"),
    env: pipelineEnvironment(options, join(fleet.folder, "pipeline")),
  });
  const killer = killAlong(pipeline, options);
  const fed = await feedConversations({
    ...{ maru, file: options.file, maxRooms: options.maxRooms, parallel: 8, signal },
    onProgress(messages, total) {
      options.onProgress(messages, total);
      killer.onMessage(messages, total);
    },
  });
  options.onFed?.();
  await killer.done();
  const erasedUser = await eraseSomebody(maru, fed, signal);
  await settle(pipeline);
  const putAside = await reasonsOfFailures(lake);
  if (putAside.length > 0) throw new Error(`records were put aside: ${putAside.join("; ")}`);
  const told = await Promise.all(
    fed.roomIds.map(async (roomId) => [roomId, await serviceMessages(maru, roomId)] as const),
  );
  const differentRooms = await differences(lake, told);
  const receipt = await eraseUsers({
    ...{ files: lake.files, receiptId: "proof", userIds: [erasedUser.userId], nowMs: Date.now, signal },
  });
  const differentAfterErasure = await differences(lake, told);
  return {
    ...{
      rooms: fed.roomIds.length,
      messages: fed.messages,
      kills: killer.kills(),
      differentRooms,
      differentAfterErasure,
    },
    ...(await countRows(lake, erasedUser.messages)),
    rewrittenRows: receipt.partitions.flatMap(({ objects }) => objects).reduce((sum, { rows }) => sum + rows, 0),
  };
}

function pipelineEnvironment({ dynamodb, objectStore, lake }: ProofOptions, folder: string): Record<string, string> {
  return {
    AWS_REGION: dynamodb.region,
    AWS_ENDPOINT_URL_S3: objectStore.endpoint,
    AWS_ACCESS_KEY_ID: objectStore.accessKeyId,
    AWS_SECRET_ACCESS_KEY: objectStore.secretAccessKey,
    MARU_LAKE_BUCKET: lake.bucket,
    MARU_LAKE_HASH_KEY: "a key of this proof, of forty characters.",
    MARU_LAKE_FOLDER: folder,
    MARU_LAKE_REFUSE: "0.05",
    MARU_LAKE_REPEAT: "0.1",
  };
}

/** Kills the pipeline with SIGKILL and starts it again, so many times over the messages that are sent. */
function killAlong(pipeline: ProgramNode, { kills }: ProofOptions) {
  let killed = 0;
  let last: Promise<void> = Promise.resolve();
  const killOnce = async () => {
    await pipeline.kill("SIGKILL");
    await pipeline.start();
    await pipeline.waitUntilHealthy();
  };
  return {
    onMessage(sent: number, total: number): void {
      if (killed >= kills || sent < ((killed + 1) * total) / (kills + 1)) return;
      killed++;
      last = last.then(killOnce);
    },
    done: () => last,
    kills: () => killed,
  };
}

/** Erases who wrote the most; tells which messages they had written. */
async function eraseSomebody(maru: Maru, { roomIds, userIds }: Fed, signal: AbortSignal) {
  const messages = new Set<string>();
  const [userId = ""] = userIds;
  for (const roomId of roomIds)
    for (const message of await serviceMessages(maru, roomId))
      if (message.userId === userId) messages.add(`${roomId} ${message.seq}`);
  const { job } = await maru.admin.eraseUser({ userId });
  const jobId = job?.jobId ?? "";
  for (;;) {
    signal.throwIfAborted();
    const { job: now } = await maru.admin.getJob({ jobId });
    if (now?.state === JobState.DONE) return { userId, messages };
    await sleep(100, undefined, { signal });
  }
}

async function reasonsOfFailures({ files }: LakeSql): Promise<string[]> {
  const reasons: string[] = [];
  for await (const key of files.list("failures/")) {
    const lines = readLines((await files.read(key)) ?? new Uint8Array()).join("\n");
    reasons.push(...parseFailureLines(lines).map(({ why }) => why));
  }
  return reasons;
}

async function settle(pipeline: ProgramNode): Promise<void> {
  const response = await fetch(`http://${pipeline.httpAddress}/settle`);
  if (!response.ok) throw new Error(`the pipeline did not settle: ${await response.text()}`);
}

/** The rooms in which the view does not say what the service says: number, sender, text, reply, edits, and in this order. */
async function differences(
  lake: LakeSql,
  told: readonly (readonly [string, readonly ServiceMessage[]])[],
): Promise<string[]> {
  const { rows } = await lake.query(
    "select room_id, seq, user_id, text, coalesce(reply_to_seq, 0), edit_count from messages order by room_id, seq",
  );
  const seen = Map.groupBy(rows, ([roomId]) => String(roomId));
  return told
    .filter(([roomId, messages]) => {
      const wanted = messages.map(({ seq, userId, text, replyToSeq, editCount }) => [
        roomId,
        seq,
        userId,
        text,
        replyToSeq,
        editCount,
      ]);
      return JSON.stringify(wanted) !== JSON.stringify(seen.get(roomId) ?? []);
    })
    .map(([roomId]) => roomId);
}

async function countRows({ files }: LakeSql, erased: ReadonlySet<string>) {
  let rows = 0;
  let rowsLeft = 0;
  const changes = new Set<string>();
  for await (const key of files.list("events/")) {
    const lines = readLines((await files.read(key)) ?? new Uint8Array());
    rows += lines.length;
    for (const line of lines) {
      const { sequence_number, room_id, sk, seq, body, original } = JSON.parse(line);
      changes.add(`${sequence_number} ${room_id} ${sk}`);
      const isErased = erased.has(`${room_id} ${seq}`) || erased.has(`${room_id} ${body?.target_seq}`);
      if (isErased && (original !== undefined || JSON.stringify(body).includes('"text"'))) rowsLeft++;
    }
  }
  return { rows, repeatedRows: rows - changes.size, rowsLeft };
}
