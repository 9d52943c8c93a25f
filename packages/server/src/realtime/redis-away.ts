/** Redis could not be reached, or did not answer in time. What was asked of it may have been done or not. */
export class RedisAway extends Error {
  override readonly name = "RedisAway";

  constructor(cause: unknown) {
    super(`Redis cannot be used: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}
