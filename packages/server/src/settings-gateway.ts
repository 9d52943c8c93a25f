import { optional, secret, setting } from "./setting.ts";
import {
  addresses,
  durationMs,
  list,
  listenAddress,
  onOff,
  pemFile,
  readFilePath,
  sizeBytes,
  text,
  wholeNumber,
} from "./setting-parsers.ts";

/** Settings of the role gateway. */
export const gatewaySettings = {
  gatewayAddress: setting(
    "MARU_GATEWAY_ADDRESS",
    listenAddress,
    "127.0.0.1:8081",
    "Where the apps' WebSockets connect.",
  ),
  gatewayTlsCert: optional(
    "MARU_GATEWAY_TLS_CERT_FILE",
    pemFile,
    "Certificate chain of the gateway. Without it the gateway has no TLS.",
  ),
  gatewayTlsKey: secret("MARU_GATEWAY_TLS_KEY_FILE", pemFile, "Private key of the gateway."),
  gatewayOrigins: setting(
    "MARU_GATEWAY_ORIGINS",
    list,
    "",
    "Origins of the web pages that may connect, `https://app.example.com` for example. Empty: every one. Programs that name no origin always may.",
  ),
  userTokenAudience: setting(
    "MARU_USER_TOKEN_AUDIENCE",
    text,
    "maru-realtime",
    "The `aud` that a user's token must have. Its `sub` is the user, its issuer and key are those of the services' tokens.",
  ),
  gatewayApiAddresses: setting(
    "MARU_GATEWAY_API_ADDRESSES",
    addresses,
    "",
    "Servers that the gateway calls over gRPC. Empty: this process, which then needs the role api too.",
  ),
  gatewayApiTls: setting("MARU_GATEWAY_API_TLS", onOff, "off", "Whether those servers speak TLS."),
  gatewayApiCa: optional(
    "MARU_GATEWAY_API_CA_FILE",
    pemFile,
    "Authority of those servers' certificates. Without it those that Node trusts.",
  ),
  gatewayService: setting(
    "MARU_GATEWAY_SERVICE",
    text,
    "gateway",
    "The service as which the gateway calls, by a token that it signs with MARU_TOKEN_KEY.",
  ),
  gatewayServiceTokenFile: optional(
    "MARU_GATEWAY_SERVICE_TOKEN_FILE",
    readFilePath,
    "File with the token by which the gateway calls, in place of one that it signs. Read again when the token has expired.",
  ),
  gatewayGroup: setting(
    "MARU_GATEWAY_GROUP",
    text,
    "maru-gateways",
    "Consumer group of the gateways: from the topic they publish what a server stored and did not come to publish.",
  ),
  gatewayMaxFrameBytes: setting(
    "MARU_GATEWAY_MAX_FRAME_BYTES",
    wholeNumber(1024, 1024 * 1024),
    "65536",
    "The largest frame that is read. A larger one ends its connection.",
  ),
  gatewayFramesPerSecond: setting(
    "MARU_GATEWAY_FRAMES_PER_SECOND",
    wholeNumber(1, 10_000),
    "50",
    "Frames a second that are read of a connection in the long run. More are refused, many more end the connection.",
  ),
  gatewayFrameBurst: setting(
    "MARU_GATEWAY_FRAME_BURST",
    wholeNumber(1, 100_000),
    "200",
    "Frames that are read of a connection at once.",
  ),
  gatewayMaxSends: setting(
    "MARU_GATEWAY_MAX_SENDS",
    wholeNumber(1, 1000),
    "32",
    "What a connection may have sent or marked as read without having an answer yet. More is refused.",
  ),
  gatewayMaxConnections: setting(
    "MARU_GATEWAY_MAX_CONNECTIONS",
    wholeNumber(1, 1_000_000),
    "50000",
    "Connections that the gateway takes. More are sent elsewhere (close code 4003).",
  ),
  gatewayMaxConnectionsPerUser: setting(
    "MARU_GATEWAY_MAX_CONNECTIONS_PER_USER",
    wholeNumber(1, 10_000),
    "20",
    "Connections that one user may have to this gateway.",
  ),
  gatewayMaxFollowedRooms: setting(
    "MARU_GATEWAY_MAX_FOLLOWED_ROOMS",
    wholeNumber(1, 10_000),
    "500",
    "Rooms that a connection may follow.",
  ),
  gatewayMaxResumeEntries: setting(
    "MARU_GATEWAY_MAX_RESUME_ENTRIES",
    wholeNumber(1, 10_000),
    "500",
    "Entries of a room that a connection may have missed and still gets when it comes back.",
  ),
  gatewayMaxBufferedBytes: setting(
    "MARU_GATEWAY_MAX_BUFFERED_BYTES",
    sizeBytes,
    "1048576",
    "What is held for a connection that reads slowly. With more it is closed (4001).",
  ),
  gatewayHelloTimeoutMs: setting(
    "MARU_GATEWAY_HELLO_TIMEOUT_MS",
    durationMs,
    "10000",
    "How long a connection may take to say who connects.",
  ),
  gatewayPingTimeoutMs: setting(
    "MARU_GATEWAY_PING_TIMEOUT_MS",
    durationMs,
    "60000",
    "After how long a connection of which nothing is heard is closed (4002). Clients are told to ping well before.",
  ),
  gatewayHeartbeatMs: setting(
    "MARU_GATEWAY_HEARTBEAT_MS",
    durationMs,
    "25000",
    "How long a connection hears nothing of the gateway at most.",
  ),
  gatewayDrainWindowMs: setting(
    "MARU_GATEWAY_DRAIN_WINDOW_MS",
    durationMs,
    "10000",
    "Over how long a shutdown spreads the moments at which clients come back elsewhere.",
  ),
  gatewayDrainUrl: setting(
    "MARU_GATEWAY_DRAIN_URL",
    text,
    "",
    "Where clients are told to come back at a shutdown. Empty: at the same address.",
  ),
  gatewayCompression: setting(
    "MARU_GATEWAY_COMPRESSION",
    onOff,
    "off",
    "Whether `permessage-deflate` is offered. It costs memory and CPU for each connection.",
  ),
};

interface GatewayConfig {
  readonly roles: readonly string[];
  readonly tokenKey: string | undefined;
  readonly tokenJwksUrl: string | undefined;
  readonly tokenJwksFile: string | undefined;
  readonly tokenAudience: string;
  readonly userTokenAudience: string;
  readonly gatewayApiAddresses: readonly string[];
  readonly gatewayServiceTokenFile: string | undefined;
}

/** What each value alone does not show. */
export function gatewayProblems(config: GatewayConfig): string[] {
  const problems: string[] = [];
  if (config.tokenKey === undefined && config.tokenJwksUrl === undefined && config.tokenJwksFile === undefined) {
    problems.push("MARU_TOKEN_KEY or MARU_TOKEN_KEY_FILE, or a key set, must be set to check the users' tokens");
  }
  if (config.tokenKey === undefined && config.gatewayServiceTokenFile === undefined) {
    problems.push(
      "MARU_GATEWAY_SERVICE_TOKEN_FILE must be set where no MARU_TOKEN_KEY is, for the gateway's own calls",
    );
  }
  if (config.gatewayApiAddresses?.length === 0 && !config.roles.includes("api")) {
    problems.push("MARU_GATEWAY_API_ADDRESSES must be set for a gateway without the role api");
  }
  if (config.userTokenAudience === config.tokenAudience) {
    problems.push(
      "MARU_USER_TOKEN_AUDIENCE must differ from MARU_TOKEN_AUDIENCE, or a user's token would be a service's",
    );
  }
  return problems;
}
