import { optional, secret, setting } from "./setting.ts";
import { addresses, durationMs, onOff, pemFile, secretFile, text, wholeNumber } from "./setting-parsers.ts";

/** Redis, and what is told through it. */
export const realtimeSettings = {
  redisNodes: setting(
    "MARU_REDIS_NODES",
    addresses,
    "",
    "Nodes of the Redis Cluster to begin with, Redis 7 or Valkey; the others are found. Empty: entries are told to nobody as they are stored, and who is connected is not known.",
  ),
  redisTls: setting("MARU_REDIS_TLS", onOff, "off", "Whether to speak TLS with Redis."),
  redisTlsCa: optional(
    "MARU_REDIS_TLS_CA_FILE",
    pemFile,
    "Authority of the certificates of Redis. Without it those that Node trusts.",
  ),
  redisUsername: optional("MARU_REDIS_USERNAME", text, "Name for the login. Without it the default user's."),
  redisPassword: secret("MARU_REDIS_PASSWORD", text, "Password for the login. Without it there is no login."),
  redisPasswordFile: secret("MARU_REDIS_PASSWORD_FILE", secretFile, "File that holds the password."),
  redisTimeoutMs: setting("MARU_REDIS_TIMEOUT_MS", durationMs, "2000", "How long an answer of Redis is waited for."),
  realtimeMaxListedMembers: setting(
    "MARU_REALTIME_MAX_LISTED_MEMBERS",
    wholeNumber(0, 1_000),
    "100",
    "Up to how many members of a room are looked up one by one, so that they hear of an entry although they do not follow its room. Of larger rooms those hear who follow them.",
  ),
  realtimeMaxQueuedEntries: setting(
    "MARU_REALTIME_MAX_QUEUED_ENTRIES",
    wholeNumber(1),
    "10000",
    "How many stored entries may wait to be told through Redis. What is beyond is told by the gateways, which read the topic, a little later.",
  ),
};
