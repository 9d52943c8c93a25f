import { setTimeout as delay } from "node:timers/promises";
import { Code, ConnectError, type HandlerContext } from "@connectrpc/connect";
import { Health, HealthCheckResponse_ServingStatus as Status } from "@maru/protocol/grpc";
import type { InFlight } from "./in-flight.ts";
import type { Readiness } from "./readiness.ts";
import { type ServiceRegistration, serveService } from "./service-registration.ts";

export interface HealthOptions {
  readonly readiness: Readiness;
  readonly inFlight: Pick<InFlight, "onDraining">;
  /** Names of the services; the empty name, the whole server, is always known. */
  readonly services: readonly string[];
  /** How often watchers look whether something changed; draining they hear of at once. */
  readonly watchIntervalMs: number;
}

/** `grpc.health.v1.Health`: all services share one server, so they are ready together. */
export function serveHealth(options: HealthOptions): ServiceRegistration {
  const known = new Set(["", ...options.services]);
  const draining = new AbortController();
  options.inFlight.onDraining(() => draining.abort());
  const statusOf = async (service: string): Promise<Status> => {
    if (!known.has(service)) {
      return Status.SERVICE_UNKNOWN;
    }
    return (await options.readiness.state()).ready ? Status.SERVING : Status.NOT_SERVING;
  };

  async function* watch({ service }: { readonly service: string }, { signal }: HandlerContext) {
    let last: Status | undefined;
    for (;;) {
      const status = await statusOf(service);
      if (status !== last) {
        last = status;
        yield { status };
      }
      const wake = draining.signal.aborted ? signal : AbortSignal.any([signal, draining.signal]);
      await delay(options.watchIntervalMs, undefined, { signal: wake, ref: false }).catch(() => {});
      if (signal.aborted) {
        return;
      }
    }
  }

  return serveService(
    Health,
    {
      async check({ service }) {
        const status = await statusOf(service);
        if (status === Status.SERVICE_UNKNOWN) {
          throw new ConnectError("the server has no such service", Code.NotFound);
        }
        return { status };
      },
      async list() {
        const status = await statusOf("");
        return { statuses: Object.fromEntries([...known].map((service) => [service, { status }])) };
      },
      watch,
    },
    "anyone",
  );
}
