import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { toJson } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { Client } from "@connectrpc/connect";
import {
  AdminService,
  type Job,
  JobKind,
  JobSchema,
  JobState,
  type RoomReport,
  RoomReportSchema,
  WhereIsResponseSchema,
} from "@maru/protocol";
import { ConfigError } from "../config.ts";
import { connectServer } from "./connect-server.ts";
import { placeText } from "./place-text.ts";
import { startProgress } from "./progress.ts";
import { isLeftMissing, reconciliationText } from "./reconciliation-text.ts";
import { sinceMs } from "./since-ms.ts";

export const adminHelp = `usage: maru-server admin <command> [options]

  erase --user U         erase what a user has written, in every room, and wait until it is done
  retention              remove messages that are older than their rooms' kinds keep them, and wait until it is done
  reconcile              compare the topic of room events with the table, write what it lacks again, and wait until it is
                         done: exits with 1 when something is missing for good
          [--since T]    only entries appended since then: 2026-11-25T12:00:00Z, or how long ago: 90m, 36h, 7d
          [--room R …]   only these rooms
          [--active]     only rooms of which the topic has something since then: no walk over all rooms
  where-is --room R      follow one entry: table, stream, topic, and which consumer groups have passed it
           --seq N
  jobs                   list jobs, the newest first
  job --id J             show a job, and wait until it is done
  export --room R        write a room as JSON lines to the output, or to a file
         [--out FILE]
  verify --room R        check one room: numbers, state, keys
  verify --sample N      check so many rooms, taken at random
  relay-dead-letters     what the relay could not read: see maru-server admin relay-dead-letters --help

  --address URL          HTTP address of a server (default http://127.0.0.1:8080)
  --key K                makes erase, retention and reconcile safe to repeat: the same job is found again
  --no-wait              do not wait for the job
  --json                 one JSON object a line in place of text
  --help

The token of the calling service is read from MARU_TOKEN. Ctrl-C ends the command; a job goes on without it, on the
servers, and "job --id" watches it again. verify exits with 1 when something is wrong.
`;

const pollMs = 500;

interface Options {
  readonly user?: string | undefined;
  readonly room?: readonly string[] | undefined;
  readonly seq?: string | undefined;
  readonly since?: string | undefined;
  readonly active: boolean;
  readonly sample?: string | undefined;
  readonly id?: string | undefined;
  readonly out?: string | undefined;
  readonly address: string;
  readonly key: string;
  readonly "no-wait": boolean;
  readonly json: boolean;
}

/** Runs an administrative command against a server. `token` is that of the calling service. */
export async function admin(args: readonly string[], token: string | undefined): Promise<void> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      user: { type: "string" },
      room: { type: "string", multiple: true },
      seq: { type: "string" },
      since: { type: "string" },
      active: { type: "boolean", default: false },
      sample: { type: "string" },
      id: { type: "string" },
      out: { type: "string" },
      address: { type: "string", default: "http://127.0.0.1:8080" },
      key: { type: "string", default: "" },
      "no-wait": { type: "boolean", default: false },
      json: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  const command = positionals[0];
  if (values.help || command === undefined) return void process.stdout.write(adminHelp);
  if (token === undefined || token === "")
    throw new ConfigError(["MARU_TOKEN must hold the token of the calling service"]);
  const client = connectServer(AdminService, values.address, token);
  switch (command) {
    case "erase":
      return watch(
        client,
        (await client.eraseUser({ userId: required(values, "user"), idempotencyKey: values.key })).job,
        values,
      );
    case "retention":
      return watch(client, (await client.runRetention({ idempotencyKey: values.key })).job, values);
    case "reconcile":
      return watch(client, (await client.runReconcile(reconcileRequest(values))).job, values);
    case "where-is":
      return showPlace(client, values);
    case "job":
      return watch(client, (await client.getJob({ jobId: required(values, "id") })).job, values);
    case "jobs":
      return list(client, values);
    case "export":
      return exportTo(client, required(values, "room"), values.out);
    case "verify":
      return verify(client, values);
    default:
      throw new ConfigError([`${command} is not an administrative command: see maru-server admin --help`]);
  }
}

type AdminClient = Client<typeof AdminService>;

function required(options: Options, name: "user" | "room" | "id" | "seq"): string {
  const given = options[name];
  const value = typeof given === "string" ? given : given?.length === 1 ? given[0] : undefined;
  if (value === undefined || value === "")
    throw new ConfigError([`--${name} must be given once: see maru-server admin --help`]);
  return value;
}

function reconcileRequest({ since, room, active, key }: Options) {
  return {
    ...(since !== undefined && { since: timestampFromMs(sinceMs(since, Date.now())) }),
    onlyRoomIds: [...(room ?? [])],
    activeRoomsOnly: active,
    idempotencyKey: key,
  };
}

async function showPlace(client: AdminClient, options: Options): Promise<void> {
  const [roomId, seqText] = [required(options, "room"), required(options, "seq")];
  const seq = Number(seqText);
  if (!Number.isInteger(seq) || seq < 1)
    throw new ConfigError([`--seq must be a number of at least 1, not "${seqText}"`]);
  const place = await client.whereIs({ roomId, seq });
  const json = () => JSON.stringify(toJson(WhereIsResponseSchema, place));
  process.stdout.write(`${options.json ? json() : placeText(roomId, seq, place)}\n`);
}

async function watch(client: AdminClient, started: Job | undefined, options: Options): Promise<void> {
  if (started === undefined) throw new Error("the server answered without a job");
  let job = started;
  if (!options["no-wait"] && job.state !== JobState.DONE) {
    const progress = startProgress(`${JobKind[job.kind]} ${job.jobId}: rooms`);
    try {
      while (job.state !== JobState.DONE) {
        progress.update(job.roomCountDone, job.roomCountTotal);
        await sleep(pollMs);
        job = (await client.getJob({ jobId: job.jobId })).job ?? job;
      }
      progress.update(job.roomCountDone, job.roomCountTotal);
    } finally {
      progress.end();
    }
  }
  showJob(job, options);
}

async function list(client: AdminClient, options: Options): Promise<void> {
  for (let pageToken = ""; ; ) {
    const { jobs, nextPageToken } = await client.listJobs({ pageSize: 200, pageToken });
    for (const job of jobs) showJob(job, options);
    if (nextPageToken === "") return;
    pageToken = nextPageToken;
  }
}

function showJob(job: Job, { json }: Options): void {
  const text = `${job.jobId}  ${JobKind[job.kind]}  ${JobState[job.state]}  ${job.userId}  rooms ${job.roomCountDone}  entries ${job.entryCountChanged}`;
  process.stdout.write(`${json ? JSON.stringify(toJson(JobSchema, job)) : text}\n`);
  if (job.reconciliation !== undefined && !json) process.stdout.write(reconciliationText(job.reconciliation));
  if (job.kind === JobKind.RECONCILE && job.state === JobState.DONE && isLeftMissing(job)) process.exitCode = 1;
  if (job.lastError !== "" && !json) process.stdout.write(`  failed last with: ${job.lastError}\n`);
}

async function exportTo(client: AdminClient, roomId: string, out: string | undefined): Promise<void> {
  const file = out === undefined ? undefined : createWriteStream(out);
  const output = file ?? process.stdout;
  for await (const { lines } of client.exportRoom({ roomId })) {
    if (!output.write(lines.map((line) => `${line}\n`).join(""))) await once(output, "drain");
  }
  if (file === undefined) return;
  file.end();
  await once(file, "finish");
}

async function verify(client: AdminClient, options: Options): Promise<void> {
  if (options.sample === undefined) {
    const { report } = await client.verifyRoom({ roomId: required(options, "room") });
    return showReport(report, options);
  }
  const roomCount = Number(options.sample);
  const progress = startProgress("rooms checked");
  const bad: RoomReport[] = [];
  let checked = 0;
  for await (const { report } of client.verifyRooms({ roomCount })) {
    checked++;
    progress.update(checked, roomCount);
    if (report !== undefined && report.problems.length > 0) bad.push(report);
  }
  progress.end();
  for (const report of bad) showReport(report, options);
  process.stdout.write(
    options.json
      ? `${JSON.stringify({ checked, bad: bad.length })}\n`
      : `${checked} rooms checked, ${bad.length} are bad\n`,
  );
}

function showReport(report: RoomReport | undefined, { json }: Options): void {
  if (report === undefined) throw new Error("the server answered without a report");
  if (report.problems.length > 0) process.exitCode = 1;
  if (json) return void process.stdout.write(`${JSON.stringify(toJson(RoomReportSchema, report))}\n`);
  const { roomId, entryCount, problems } = report;
  const verdict = problems.length === 0 ? "all is well" : problems.map((problem) => `\n  ${problem}`).join("");
  process.stdout.write(`${roomId}: ${entryCount} entries: ${verdict}\n`);
}
