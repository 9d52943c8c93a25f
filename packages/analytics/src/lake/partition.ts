/** An hour of the lake by arrival, in UTC: how Firehose names its folders. */
export interface Partition {
  readonly year: string;
  readonly month: string;
  readonly day: string;
  readonly hour: string;
}

export function partitionAt(ms: number): Partition {
  const [year = "", month = "", day = "", hour = ""] = new Date(ms).toISOString().split(/[-T:]/);
  return { year, month, day, hour };
}

/** `year=2026/month=11/day=25/hour=09/` */
export function partitionPath({ year, month, day, hour }: Partition): string {
  return `year=${year}/month=${month}/day=${day}/hour=${hour}/`;
}

/** The partition that a key lies in; undefined for a key of no partition. */
export function partitionOf(key: string): Partition | undefined {
  const [, year, month, day, hour] = /year=(\d{4})\/month=(\d\d)\/day=(\d\d)\/hour=(\d\d)\//.exec(key) ?? [];
  if (year === undefined || month === undefined || day === undefined || hour === undefined) return undefined;
  return { year, month, day, hour };
}
