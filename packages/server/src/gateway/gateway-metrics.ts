import { Counter, type Registry } from "prom-client";
import type { Telemetry } from "../telemetry.ts";

/** Counts of the paths that are taken for each frame are plain numbers: they are read when metrics are. */
export interface GatewayCounts {
  framesSent: number;
  messagesSent: number;
  framesReceived: number;
}

export interface GatewayMetrics {
  readonly counts: GatewayCounts;
  readonly closes: Counter<"code">;
  readonly refusals: Counter<"reason">;
}

export interface GatewaySizes {
  readonly connections: () => number;
  readonly users: () => number;
  readonly bufferedBytes: () => number;
}

export function createGatewayMetrics({ registry, gauge }: Telemetry, sizes: GatewaySizes): GatewayMetrics {
  const registers = [registry];
  const counts: GatewayCounts = { framesSent: 0, messagesSent: 0, framesReceived: 0 };
  gauge("maru_gateway_connections", "WebSockets that are open.", sizes.connections);
  gauge("maru_gateway_users", "Users who are connected.", sizes.users);
  gauge("maru_gateway_buffered_bytes", "What clients have not read yet, in all.", sizes.bufferedBytes);
  readCounter(registry, "maru_gateway_frames_sent_total", "Frames that were sent.", () => counts.framesSent);
  readCounter(
    registry,
    "maru_gateway_messages_sent_total",
    "WebSocket messages that were sent; frames by messages is how many frames were joined.",
    () => counts.messagesSent,
  );
  readCounter(
    registry,
    "maru_gateway_frames_received_total",
    "Frames and pings that clients sent.",
    () => counts.framesReceived,
  );
  return {
    counts,
    closes: new Counter({
      name: "maru_gateway_closes_total",
      help: "Connections that ended, by close code: the gateway's own, or `client` and `cut` for those that the other side ended.",
      labelNames: ["code"],
      registers,
    }),
    refusals: new Counter({
      name: "maru_gateway_refusals_total",
      help: "Error frames, and handshakes that were refused, by reason.",
      labelNames: ["reason"],
      registers,
    }),
  };
}

function readCounter(registry: Registry, name: string, help: string, read: () => number): void {
  new Counter({
    name,
    help,
    registers: [registry],
    collect() {
      this.reset();
      this.inc(read());
    },
  });
}
