import { type ChannelOptions, credentials } from "@grpc/grpc-js";
import type { KeepaliveOptions, TlsOptions } from "./server-transport.ts";

/** Plain without TLS settings. */
export function toCredentials(tls: TlsOptions | undefined) {
  if (tls === undefined) return credentials.createInsecure();
  const pem = (text: string | Buffer | undefined) => (text === undefined ? null : Buffer.from(text));
  return credentials.createSsl(pem(tls.ca), pem(tls.key), pem(tls.cert));
}

/** The settings of a connection to one server. */
export function toChannelOptions({
  keepalive = {},
  tls,
}: {
  readonly keepalive?: KeepaliveOptions | undefined;
  readonly tls?: TlsOptions | undefined;
}): ChannelOptions {
  return {
    "grpc.keepalive_time_ms": keepalive.pingIntervalMs ?? 20_000,
    "grpc.keepalive_timeout_ms": keepalive.pingTimeoutMs ?? 5_000,
    "grpc.keepalive_permit_without_calls": 1,
    // A server that restarts is found again soon; grpc-js would let up to two minutes pass.
    "grpc.initial_reconnect_backoff_ms": 100,
    "grpc.max_reconnect_backoff_ms": 2_000,
    // A full page of the longest messages is larger than the 4 MiB of grpc-js.
    "grpc.max_receive_message_length": 64 * 1024 * 1024,
    // Retries are this package's own (retry.ts); connections are not shared with other users of grpc-js in the
    // process; and a library does not read the environment for a proxy or a service configuration from DNS.
    "grpc.enable_retries": 0,
    "grpc.use_local_subchannel_pool": 1,
    "grpc.enable_http_proxy": 0,
    "grpc.service_config_disable_resolution": 1,
    // Nobody can ask a client for what it would count there.
    "grpc.enable_channelz": 0,
    ...(tls?.serverName && { "grpc.ssl_target_name_override": tls.serverName }),
  };
}
