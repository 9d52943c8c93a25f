/** Whether a user is connected to any gateway. */
export interface UserConnection {
  readonly userId: string;
  /** Since when, without a break; undefined when not connected. */
  readonly sinceMs: number | undefined;
}

/** Who is connected. Throws MaruError(REALTIME_UNAVAILABLE). */
export interface Presences {
  /** In the order of the ids. */
  read(userIds: readonly string[]): Promise<readonly UserConnection[]>;
}
