/** What is wrong with the source, and what to do about it. The command that failed can be repeated then. */
export class SourceError extends Error {
  override readonly name = "SourceError";
}

/** An error of PostgreSQL in words that say what to do; other errors stay as they are. */
export function explainSourceError(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof SourceError) return error;
  const { code, message } = error as Error & { code?: string };
  const say = (advice: string) => new SourceError(`${message}: ${advice}`, { cause: error });
  switch (code) {
    case "ECONNREFUSED":
    case "ENOTFOUND":
    case "ECONNRESET":
    case "57P01":
    case "57P03":
      return say("PostgreSQL is not there, or went away: look at --source, and run the same command again");
    case "28P01":
    case "28000":
      return say("the user or the password of --source is not right, or pg_hba.conf does not let it connect");
    case "3D000":
      return say("--source names a database that is not there");
    case "42501":
      return /replication/i.test(message)
        ? say("the user needs the right to replicate: ALTER ROLE … REPLICATION (on RDS: GRANT rds_replication TO …)")
        : say(
            "the user of --source must own the chat's tables, or be a superuser, to prepare them: docs/migration.md lists all rights that are needed",
          );
    case "55000":
      return /wal_level/.test(message)
        ? say("set wal_level = logical in postgresql.conf and restart PostgreSQL")
        : error;
    case "53400":
      return say("raise max_replication_slots, or drop a slot that nobody uses: select * from pg_replication_slots");
    case "53300":
      return say("raise max_connections or max_wal_senders, or lower --parallel");
    case "55006":
      return say("another maru-migrate follows this slot: end that one first");
    case "53100":
      return say("PostgreSQL's disk is full: make room, and run the same command again");
    default:
      return error;
  }
}
