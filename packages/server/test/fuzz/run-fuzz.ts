import { type DescMethod, type Message, toBinary, toJsonString } from "@bufbuild/protobuf";
import { createValidator } from "@bufbuild/protovalidate";
import type { RoomReport } from "@maru/protocol";
import { contractMethods, nameOf } from "../contract-methods.ts";
import { startMemoryServer } from "../memory-server.ts";
import { memoryTopic } from "../memory-topic-view.ts";
import { createDice, type Dice } from "../model/dice.ts";
import { breakBytes, breakRequest } from "./break-request.ts";
import { type FuzzServer, type FuzzWorld, startFuzzWorld } from "./fuzz-world.ts";
import { learn } from "./learn.ts";
import { randomRequest } from "./random-request.ts";
import { sendConnect } from "./send-connect.ts";
import { type Ended, sendGrpc } from "./send-grpc.ts";

export interface FuzzReport {
  readonly seed: number;
  readonly requests: number;
  readonly accepted: number;
  readonly seconds: number;
  readonly codes: Readonly<Record<string, number>>;
  readonly reasons: Readonly<Record<string, number>>;
  readonly calls: Readonly<Record<string, { readonly accepted: number; readonly refused: number }>>;
  readonly roomsVerified: number;
  /** What must not be, a sentence each. */
  readonly problems: readonly string[];
}

interface Shot {
  readonly method: DescMethod;
  readonly wire: "gRPC" | "Connect proto" | "Connect JSON";
  readonly request: Message;
  readonly bytes: Uint8Array;
}

const inRound = 16;
/** Codes that a healthy server has no cause for, whatever is asked. */
const unexpected = /^(INTERNAL|UNKNOWN|UNAVAILABLE|DEADLINE_EXCEEDED|UNIMPLEMENTED|DATA_LOSS|OUT_OF_RANGE)$/;
const weights: Readonly<Record<string, number>> = {
  "MessageService/SendMessage": 8,
  "RoomService/CreateRoom": 3,
  "RoomService/FindOrCreateDirect": 2,
  "RoomService/UnfreezeRoom": 2,
  "RoomService/AddMembers": 2,
  "RoomService/SetMemberRole": 1.5,
  "RoomService/UpdateRoom": 1.2,
  "RoomService/BlockUser": 1.2,
  "RoomService/UnblockUser": 1.2,
  "MessageService/CommitMessage": 1.5,
  "MessageService/CancelMessage": 1.5,
  "RoomService/CloseRoom": 0.7,
  "RoomService/FreezeRoom": 0.7,
  "RoomService/RemoveMembers": 0.9,
  "RoomService/LeaveRoom": 0.6,
  "AdminService/EraseUser": 0.45,
  "AdminService/RunRetention": 0.45,
  "AdminService/RunReconcile": 0.45,
  "AdminService/VerifyRooms": 0.45,
};
const byWeight = Object.fromEntries(contractMethods.map((method) => [nameOf(method), weights[nameOf(method)] ?? 1]));
const validator = createValidator();

/** Requests go out in rounds: what one round was answered, the next one may ask about, whatever came first. */
export async function runFuzz(
  seed: number,
  requests: number,
  say: (line: string) => void,
  start: () => Promise<FuzzServer> = () =>
    startMemoryServer({ MARU_AUDIT_LOG: "off" }, Date.now, (store) => store, memoryTopic()),
): Promise<FuzzReport> {
  await using world = await startFuzzWorld(start);
  const dice = createDice(seed);
  const startedAtMs = Date.now();
  const tally = createTally();
  for (let sent = 0; sent < requests; ) {
    const shots = Array.from({ length: Math.min(inRound, requests - sent) }, () => aim(dice, world));
    const answers = await Promise.all(shots.map((shot) => send(world, shot)));
    shots.forEach((shot, index) => {
      const ended = answers[index];
      if (ended === undefined) throw new Error("a request has no answer");
      tally.count(shot, ended, sent + index);
      if (ended.code !== "OK") return;
      const problem = learn(world.pool, shot.method, shot.request, shot.wire === "Connect JSON", ended.parts);
      if (problem !== undefined) tally.problems.push(`${problem}: ${described(shot)}`);
    });
    sent += shots.length;
    if (sent % 1_000 < inRound) say(`${sent} of ${requests} requests, ${tally.accepted()} accepted`);
  }
  const reports = await checkHealth(world, tally.problems);
  const { problems, codes, reasons, calls } = tally;
  const seconds = Math.round((Date.now() - startedAtMs) / 100) / 10;
  const accepted = tally.accepted();
  return { seed, requests, accepted, seconds, codes, reasons, calls, roomsVerified: reports.length, problems };
}

function aim(dice: Dice, { pool }: FuzzWorld): Shot {
  const name = dice.weighted(byWeight);
  const method = contractMethods.find((one) => nameOf(one) === name);
  if (method === undefined) throw new Error(`no method is called ${name}`);
  const wire = dice.pick(["gRPC", "Connect proto", "Connect JSON"] as const);
  let request = randomRequest(dice, pool, method, Date.now());
  for (let tries = 0; tries < 5 && validator.validate(method.input, request).kind !== "valid"; tries++) {
    request = randomRequest(dice, pool, method, Date.now());
  }
  // What was answered is kept and sent again: it is not to be broken behind the pool's back.
  const kept = [...pool.served.values(), ...pool.nextPages.values()].some((all) => all.includes(request));
  if (!kept && dice.chance(0.25)) breakRequest(dice, method.input, request);
  const bytes = encoded(method, request, wire);
  return { method, wire, request, bytes: dice.chance(0.07) ? breakBytes(dice, bytes) : bytes };
}

function encoded(method: DescMethod, request: Message, wire: Shot["wire"]): Uint8Array {
  if (wire === "Connect JSON") {
    try {
      return Buffer.from(toJsonString(method.input, request));
    } catch {
      // JSON has no words for a time beyond the year 9999, for example.
      return Buffer.from('{"roomId":7}');
    }
  }
  return toBinary(method.input, request);
}

function send({ client, server }: FuzzWorld, { method, wire, bytes }: Shot): Promise<Ended> {
  if (wire === "gRPC") return sendGrpc(client, method, bytes, server.token);
  const encoding = wire === "Connect JSON" ? "json" : "proto";
  return sendConnect(server.httpAddress, method, encoding, bytes, server.token);
}

function createTally() {
  const codes: Record<string, number> = {};
  const reasons: Record<string, number> = {};
  const calls: Record<string, { accepted: number; refused: number }> = {};
  const problems: string[] = [];
  for (const method of contractMethods) calls[nameOf(method)] = { accepted: 0, refused: 0 };
  return {
    codes,
    reasons,
    calls,
    problems,
    accepted: () => codes.OK ?? 0,
    count(shot: Shot, { code, reason, message }: Ended, number: number) {
      codes[code] = (codes[code] ?? 0) + 1;
      if (reason !== undefined) reasons[reason] = (reasons[reason] ?? 0) + 1;
      const call = calls[nameOf(shot.method)];
      if (call !== undefined) call[code === "OK" ? "accepted" : "refused"] += 1;
      // The server knows no Redis, and says so.
      if (reason === "ERROR_REASON_REALTIME_UNAVAILABLE") return;
      if (code !== "OK" && (unexpected.test(code) || reason === undefined)) {
        problems.push(`request ${number} got ${code} ${reason ?? "without a reason"} "${message}": ${described(shot)}`);
      }
    },
  };
}

function described({ method, wire, bytes }: Shot): string {
  const words = wire === "Connect JSON" ? Buffer.from(bytes).toString() : Buffer.from(bytes).toString("base64");
  return `${nameOf(method)} over ${wire}: ${words.slice(0, 1_000)}`;
}

/** The server goes on: it is ready, its log has no error, and its rooms are as their logs say. */
async function checkHealth({ server, maru }: FuzzWorld, problems: string[]): Promise<RoomReport[]> {
  const ready = await fetch(`http://${server.httpAddress}/readyz`);
  if (!ready.ok) problems.push(`the server is not ready: ${await ready.text()}`);
  for (const line of server.logged) {
    if (line.level === "error" || line.level === "fatal") problems.push(`logged: ${JSON.stringify(line)}`);
  }
  const reports: RoomReport[] = [];
  for await (const { report } of maru.admin.verifyRooms({ roomCount: 1_000_000 })) {
    if (report === undefined) continue;
    reports.push(report);
    for (const problem of report.problems) problems.push(`room ${report.roomId}: ${problem}`);
  }
  return reports;
}
