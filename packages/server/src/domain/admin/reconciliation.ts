import { create } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { ReconciliationProblem as Problem, type Reconciliation, ReconciliationSchema } from "@maru/protocol";
import type { SeqSpan } from "./room-trace.ts";

/** What a reconciliation compares. A job keeps it as JSON. */
export interface ReconcileScope {
  /** 0: as far back as the topic reaches. */
  readonly sinceMs: number;
  /** None: all. */
  readonly roomIds: readonly string[];
  readonly activeOnly: boolean;
}

/** Entries of one room, and what is wrong with them. */
export interface Finding extends SeqSpan {
  readonly roomId: string;
  readonly problem: Problem;
}

/** What was found so far. A job keeps it as JSON. */
export interface ReconcileReport {
  readonly compared: number;
  readonly missing: number;
  readonly refilled: number;
  readonly repeated: number;
  readonly disordered: number;
  readonly unknown: number;
  readonly waiting: number;
  readonly findings: readonly Finding[];
}

/** Kept with the job, so that its item stays small. */
const maxFindings = 50;
/** Repeats are no harm: they must not push out what is. */
const maxRepeatFindings = 10;

const empty: ReconcileReport = {
  compared: 0,
  missing: 0,
  refilled: 0,
  repeated: 0,
  disordered: 0,
  unknown: 0,
  waiting: 0,
  findings: [],
};

export function parseReport(text: string | undefined): ReconcileReport {
  return text === undefined || text === "" ? empty : { ...empty, ...(JSON.parse(text) as ReconcileReport) };
}

export function parseScope(text: string | undefined): ReconcileScope {
  const everything = { sinceMs: 0, roomIds: [], activeOnly: false };
  return text === undefined || text === "" ? everything : { ...everything, ...(JSON.parse(text) as ReconcileScope) };
}

/** Entries that the topic lacks and will go on lacking. */
export function leftMissing({ missing, refilled }: ReconcileReport): number {
  return missing - refilled;
}

export function addFindings(
  report: ReconcileReport,
  { compared, waiting, findings }: { compared: number; waiting: number; findings: readonly Finding[] },
): ReconcileReport {
  const count = (...problems: Problem[]) =>
    findings.filter(({ problem }) => problems.includes(problem)).reduce((sum, finding) => sum + finding.count, 0);
  return {
    compared: report.compared + compared,
    missing: report.missing + count(Problem.REFILLED, Problem.PURGED, Problem.UNREADABLE),
    refilled: report.refilled + count(Problem.REFILLED),
    repeated: report.repeated + count(Problem.REPEATED),
    disordered: report.disordered + count(Problem.DISORDERED),
    unknown: report.unknown + count(Problem.UNKNOWN),
    waiting: report.waiting + waiting,
    findings: kept([...report.findings, ...findings]),
  };
}

function kept(findings: readonly Finding[]): Finding[] {
  let repeats = 0;
  return findings
    .filter(({ problem }) => problem !== Problem.REPEATED || ++repeats <= maxRepeatFindings)
    .slice(0, maxFindings);
}

/** As callers see it. */
export function toReconciliation(scopeText: string | undefined, reportText: string | undefined): Reconciliation {
  const { sinceMs, roomIds, activeOnly } = parseScope(scopeText);
  const report = parseReport(reportText);
  return create(ReconciliationSchema, {
    ...(sinceMs > 0 && { since: timestampFromMs(sinceMs) }),
    roomIds: [...roomIds],
    activeRoomsOnly: activeOnly,
    comparedCount: BigInt(report.compared),
    missingCount: BigInt(report.missing),
    refilledCount: BigInt(report.refilled),
    repeatedCount: BigInt(report.repeated),
    disorderedCount: BigInt(report.disordered),
    unknownCount: BigInt(report.unknown),
    waitingCount: BigInt(report.waiting),
    findings: report.findings.map(({ roomId, problem, first, last, count }) => ({
      roomId,
      problem,
      firstSeq: first,
      lastSeq: last,
      entryCount: count,
    })),
  });
}
