import { logLevels } from "./log.ts";
import { optional, type Setting, secret, setting } from "./setting.ts";
import {
  address,
  addresses,
  durationMs,
  httpUrl,
  keySetFile,
  list,
  listenAddress,
  oneOf,
  onOff,
  pemFile,
  readFilePath,
  secretFile,
  sizeBytes,
  someOf,
  text,
  wholeNumber,
} from "./setting-parsers.ts";
import { gatewaySettings } from "./settings-gateway.ts";
import { realtimeSettings } from "./settings-realtime.ts";

/** All settings of the server, in the order of the reference. */
export const settings = {
  roles: setting(
    "MARU_ROLES",
    someOf(["api", "relay", "gateway", "all"]),
    "all",
    "What this process does: serve calls and work on jobs, relay the table's changes to Kafka, hold the apps' WebSockets, or all of it.",
  ),
  logLevel: setting(
    "MARU_LOG_LEVEL",
    oneOf(logLevels),
    "info",
    "The least level that is logged. `debug` writes a line for each call.",
  ),
  drainTimeoutMs: setting(
    "MARU_DRAIN_TIMEOUT_MS",
    durationMs,
    "10000",
    "How long a shutdown waits for the calls that run.",
  ),

  grpcAddress: setting("MARU_GRPC_ADDRESS", listenAddress, "127.0.0.1:50051", "Where gRPC listens."),
  httpAddress: setting(
    "MARU_HTTP_ADDRESS",
    listenAddress,
    "127.0.0.1:8080",
    "Where Connect, gRPC-Web, `/healthz`, `/readyz` and `/metrics` listen.",
  ),
  grpcTlsCert: optional(
    "MARU_GRPC_TLS_CERT_FILE",
    pemFile,
    "Certificate chain of the gRPC listener. Without it the listener has no TLS.",
  ),
  grpcTlsKey: secret("MARU_GRPC_TLS_KEY_FILE", pemFile, "Private key of the gRPC listener."),
  grpcTlsClientCa: optional(
    "MARU_GRPC_TLS_CLIENT_CA_FILE",
    pemFile,
    "Authority that must have signed the clients' certificates. Without it none is asked for.",
  ),
  httpTlsCert: optional(
    "MARU_HTTP_TLS_CERT_FILE",
    pemFile,
    "Certificate chain of the HTTP listener. Without it the listener has no TLS, and speaks HTTP/1.1 only.",
  ),
  httpTlsKey: secret("MARU_HTTP_TLS_KEY_FILE", pemFile, "Private key of the HTTP listener."),
  httpTlsClientCa: optional(
    "MARU_HTTP_TLS_CLIENT_CA_FILE",
    pemFile,
    "Authority that must have signed the clients' certificates. Without it none is asked for.",
  ),
  clientNameFrom: setting(
    "MARU_TLS_CLIENT_NAME",
    oneOf(["spiffe", "dns", "off"]),
    "spiffe",
    "Which name in a client's certificate says which service calls: the last part of its SPIFFE id, its first DNS name, or none. Only with a client authority.",
  ),
  clientSpiffePrefix: setting(
    "MARU_TLS_CLIENT_SPIFFE_PREFIX",
    text,
    "spiffe://",
    "How the SPIFFE ids of services begin, trust domain included; others name no service.",
  ),
  reflection: setting("MARU_REFLECTION", onOff, "on", "Whether gRPC server reflection answers, which grpcurl needs."),
  maxRequestBytes: setting(
    "MARU_MAX_REQUEST_BYTES",
    wholeNumber(1024, 64 * 1024 * 1024),
    "1048576",
    "The largest request that is read.",
  ),
  maxTextBytes: setting(
    "MARU_MAX_TEXT_BYTES",
    wholeNumber(1, 262_144),
    "16384",
    "The longest text of a message, in bytes of UTF-8.",
  ),
  maxEdits: setting("MARU_MAX_EDITS", wholeNumber(1, 50), "50", "How often the content of one message may be changed."),
  maxReactingUsers: setting(
    "MARU_MAX_REACTING_USERS",
    wholeNumber(1, 500),
    "100",
    "How many users may react to one message.",
  ),
  maxPins: setting("MARU_MAX_PINS", wholeNumber(1, 100), "50", "How many messages may be pinned in one room."),
  holdExpiryIntervalMs: setting(
    "MARU_HOLD_EXPIRY_INTERVAL_MS",
    durationMs,
    "10000",
    "How long a server waits before it looks again for held messages that have run out. Readers see at once that they have.",
  ),
  unreadMaxEntries: setting(
    "MARU_UNREAD_MAX_ENTRIES",
    wholeNumber(1, 10_000),
    "1000",
    "How many entries are read at most to count what is unread. What lies beyond is not counted, and the count says so.",
  ),
  listRoomsMax: setting(
    "MARU_LIST_ROOMS_MAX",
    wholeNumber(1, 10_000),
    "1000",
    "How many rooms of a user a list looks at. Of a user with more it says that it is partial.",
  ),
  defaultDeadlineMs: setting(
    "MARU_DEFAULT_DEADLINE_MS",
    durationMs,
    "15000",
    "How long a unary call may take whose caller gave no deadline.",
  ),

  tokenKey: secret(
    "MARU_TOKEN_KEY",
    text,
    "Key that signs the services' tokens (HS256), at least 32 bytes. It, a key set or a client authority is needed to serve calls.",
  ),
  tokenKeyFile: secret("MARU_TOKEN_KEY_FILE", secretFile, "File that holds the key."),
  tokenJwksUrl: optional(
    "MARU_TOKEN_JWKS_URL",
    httpUrl,
    "Where the tokens' issuer publishes its public keys (JWKS). Tokens signed by them are good beside those of the shared key.",
  ),
  tokenJwksFile: optional(
    "MARU_TOKEN_JWKS_FILE",
    keySetFile,
    "The same as a file. It may be replaced while the server runs.",
  ),
  tokenJwksMaxAgeMs: setting(
    "MARU_TOKEN_JWKS_MAX_AGE_MS",
    durationMs,
    "300000",
    "How old the issuer's keys may be before they are loaded anew, while calls go on with them.",
  ),
  tokenJwksTrustMs: setting(
    "MARU_TOKEN_JWKS_TRUST_MS",
    wholeNumber(1),
    "86400000",
    "How long the issuer's keys are used at most when they cannot be loaded anew.",
  ),
  tokenJwksCooldownMs: setting(
    "MARU_TOKEN_JWKS_COOLDOWN_MS",
    durationMs,
    "10000",
    "How long after a load a token's unknown key is refused without loading again.",
  ),
  tokenIssuer: setting("MARU_TOKEN_ISSUER", text, "maru", "The `iss` that a token must have."),
  tokenAudience: setting("MARU_TOKEN_AUDIENCE", text, "maru", "The `aud` that a token must have."),
  tokenClockToleranceMs: setting(
    "MARU_TOKEN_CLOCK_TOLERANCE_MS",
    wholeNumber(0, 600_000),
    "5000",
    "By how much the issuer's clock may differ.",
  ),
  tokenCacheEntries: setting(
    "MARU_TOKEN_CACHE_ENTRIES",
    wholeNumber(0),
    "10000",
    "How many verified tokens are remembered, each until it expires. 0 verifies the signature at each call.",
  ),
  allowedServices: setting(
    "MARU_ALLOWED_SERVICES",
    list,
    "",
    "Services that may call. Empty: every service that proves its name. Not together with a policy file.",
  ),
  policyFile: optional(
    "MARU_POLICY_FILE",
    readFilePath,
    "YAML file that says which service may call what, and which kinds of rooms there are: docs/policy.md. Read again when it changes.",
  ),
  auditLog: setting(
    "MARU_AUDIT_LOG",
    onOff,
    "on",
    "Whether refused and administrative calls get a line `audit` in the log, whatever the least level is.",
  ),

  dynamodbEndpoint: optional(
    "MARU_DYNAMODB_ENDPOINT",
    httpUrl,
    "Address of DynamoDB. Without it AWS's own of the region.",
  ),
  dynamodbRegion: setting(
    "MARU_DYNAMODB_REGION",
    text,
    "us-east-1",
    "Region of the tables. Credentials are found as AWS documents it.",
  ),
  table: setting("MARU_TABLE", text, "maru", "Table of the rooms."),
  controlTable: setting(
    "MARU_CONTROL_TABLE",
    text,
    "maru_control",
    "Table of leases and checkpoints, jobs and types of cards.",
  ),

  kafkaBrokers: setting("MARU_KAFKA_BROKERS", addresses, "", "Brokers to begin with. Needed to relay."),
  kafkaTopic: setting("MARU_KAFKA_TOPIC", text, "maru.room-events.v1", "Topic of the room events."),
  kafkaReadMarkersTopic: setting(
    "MARU_KAFKA_READ_MARKERS_TOPIC",
    text,
    "maru.read-markers.v1",
    "Compacted topic of the read markers.",
  ),
  kafkaRelayDeadLettersTopic: setting(
    "MARU_KAFKA_RELAY_DEAD_LETTERS_TOPIC",
    text,
    "maru.relay-dead-letters.v1",
    "Topic of what the relay could not read and put aside, kept for 90 days.",
  ),
  kafkaPartitions: setting(
    "MARU_KAFKA_PARTITIONS",
    wholeNumber(1, 10_000),
    "12",
    "Partitions of each topic. `setup` makes them, and refuses to change their number.",
  ),
  kafkaReplication: setting(
    "MARU_KAFKA_REPLICATION",
    wholeNumber(1, 100),
    "3",
    "Replicas of each partition that `setup` asks for.",
  ),
  kafkaSsl: setting("MARU_KAFKA_SSL", onOff, "off", "Whether to speak TLS with the brokers."),
  kafkaSslCa: optional(
    "MARU_KAFKA_SSL_CA_FILE",
    pemFile,
    "Authority of the brokers' certificates. Without it those that Node trusts.",
  ),
  kafkaSaslMechanism: optional(
    "MARU_KAFKA_SASL_MECHANISM",
    oneOf(["plain", "scram-sha-256", "scram-sha-512"]),
    "How to log in to the brokers. Without it there is no login.",
  ),
  kafkaSaslUsername: optional("MARU_KAFKA_SASL_USERNAME", text, "Name for the login."),
  kafkaSaslPassword: secret("MARU_KAFKA_SASL_PASSWORD", text, "Password for the login."),
  kafkaSaslPasswordFile: secret("MARU_KAFKA_SASL_PASSWORD_FILE", secretFile, "File that holds the password."),

  ...realtimeSettings,

  keyMaxSkewMs: setting(
    "MARU_KEY_MAX_SKEW_MS",
    wholeNumber(0, 86_400_000),
    "60000",
    "By how much the clock that made an idempotency key may differ from the server's.",
  ),
  keyReadBackEntries: setting(
    "MARU_KEY_READ_BACK_ENTRIES",
    wholeNumber(1),
    "10000",
    "How many entries are read at most to find an old idempotency key.",
  ),
  cacheBytes: setting("MARU_CACHE_BYTES", sizeBytes, "67108864", "How much memory the cache of rooms may take."),
  cardCacheBytes: setting(
    "MARU_CARD_CACHE_BYTES",
    sizeBytes,
    "33554432",
    "How much memory the descriptors of types of cards may take.",
  ),
  cardTypeMaxAgeMs: setting(
    "MARU_CARD_TYPE_MAX_AGE_MS",
    durationMs,
    "30000",
    "After how long a known type of cards is looked at again. Types that are not known are always looked for.",
  ),
  cachedTailMaxAgeMs: setting(
    "MARU_CACHED_TAIL_MAX_AGE_MS",
    wholeNumber(1, 600_000),
    "600000",
    "How long a room's cached end may be written after. Retention relies on its upper bound.",
  ),
  appendTimeoutMs: setting(
    "MARU_APPEND_TIMEOUT_MS",
    wholeNumber(1, 30_000),
    "30000",
    "When a write is given up. Retention relies on its upper bound.",
  ),

  watchMinPollMs: setting(
    "MARU_WATCH_MIN_POLL_MS",
    wholeNumber(10, 60_000),
    "50",
    "How often a watched room is looked at while other servers write to it. What this one writes is sent on at once.",
  ),
  watchMaxPollMs: setting(
    "MARU_WATCH_MAX_POLL_MS",
    wholeNumber(10, 60_000),
    "1000",
    "How often when nothing comes, reached by and by. A look costs one read unit, however many calls watch the room.",
  ),

  jobsRoomsPerSecond: setting(
    "MARU_JOBS_ROOMS_PER_SECOND",
    wholeNumber(1, 10_000),
    "50",
    "How many rooms a job that walks all of them (erasure, retention) visits in a second at most.",
  ),
  eraseIndexDelayMs: setting(
    "MARU_ERASE_INDEX_DELAY_MS",
    wholeNumber(0, 3_600_000),
    "30000",
    "How long after its start an erasure looks once more for rooms of the user, which the table's index learns of with a delay.",
  ),
  retentionIntervalMs: setting(
    "MARU_RETENTION_INTERVAL_MS",
    wholeNumber(0),
    "86400000",
    "How often old messages are removed from rooms whose kind has a retention. 0: only when RunRetention is called.",
  ),
  reconcileIntervalMs: setting(
    "MARU_RECONCILE_INTERVAL_MS",
    wholeNumber(0),
    "0",
    "How often the topic is compared with the table, and what it lacks is written again. 0: only when RunReconcile is called. Needs brokers. What it costs is in docs/reconciler.md.",
  ),
  canaryIntervalMs: setting(
    "MARU_CANARY_INTERVAL_MS",
    wholeNumber(0, 3_600_000),
    "5000",
    "How often one of the servers sends a message to itself through table, stream and topic, to prove that events come through. 0: never. Needs brokers.",
  ),
  canaryAlarmMs: setting(
    "MARU_CANARY_ALARM_MS",
    wholeNumber(1, 3_600_000),
    "30000",
    "After how long without such a message the log says so.",
  ),

  relaySink: setting(
    "MARU_RELAY_SINK",
    oneOf(["kafka", "forward"]),
    "kafka",
    "Where the relay sends events: to the brokers, or to an agent such as Fluent Bit, which promises less (docs/fluent-bit.md).",
  ),
  relayForwardAddress: optional(
    "MARU_RELAY_FORWARD_ADDRESS",
    address,
    "Where the agent listens for the forward protocol. Needed for the sink `forward`.",
  ),
  relayIsOnlyInstance: setting(
    "MARU_RELAY_ONLY_INSTANCE",
    onOff,
    "off",
    "For the relay as a function: whether its reserved concurrency is 1, so that what one batch held is known in the next (docs/lambda.md).",
  ),
  relayLeaseMs: setting(
    "MARU_RELAY_LEASE_MS",
    wholeNumber(1000, 600_000),
    "10000",
    "How long a relay that is gone keeps its shards from others.",
  ),
  relayPollMs: setting(
    "MARU_RELAY_POLL_MS",
    wholeNumber(1, 60_000),
    "100",
    "How long the relay waits after it found no changes.",
  ),
  relayRepairRoomsPerSecond: setting(
    "MARU_RELAY_REPAIR_ROOMS_PER_SECOND",
    wholeNumber(1, 10_000),
    "500",
    "How many rooms are walked in a second at most when the relay missed changes and hands them on again from the table.",
  ),
  relayMaxPendingBytes: setting(
    "MARU_RELAY_MAX_PENDING_BYTES",
    sizeBytes,
    "16777216",
    "How much the relay holds that the brokers have not acknowledged. It reads no further then.",
  ),

  ...gatewaySettings,
};

type Settings = typeof settings;

export type SettingValues = { readonly [Key in keyof Settings]: Settings[Key] extends Setting<infer T> ? T : never };

/** Variables of other programs, which may well stand in the same environment. */
export const foreignVariables: readonly string[] = ["MARU_TOKEN", "MARU_CACHE_DIR"];
