import { type Config, shownConfig } from "../config.ts";
import { countConsumed } from "../context/count-consumed.ts";
import { openRealtime } from "../context/open-realtime.ts";
import { type ServedApi, serveApi } from "../context.ts";
import type { Clock } from "../domain/clock.ts";
import { createLog } from "../log.ts";
import { tableCheck } from "../readiness-checks.ts";
import { createDynamoCardTypes } from "../store/card-types.ts";
import { createClient } from "../store/client.ts";
import { createDynamoStore } from "../store/dynamodb-store.ts";
import { createJobStore } from "../store/jobs.ts";
import { createTelemetry } from "../telemetry.ts";
import { tableClientOptions } from "./connections.ts";
import { type GatewayRole, startGatewayRole } from "./gateway-role.ts";
import { openGatewayRooms } from "./gateway-rooms.ts";
import { startRelayRole } from "./relay-role.ts";
import { createTopicParts } from "./topic-parts.ts";

export interface ServedServer extends AsyncDisposable {
  readonly api: ServedApi;
  /** Refuses new calls, waits for those that run, hands on what the relay has read. */
  drain(): Promise<void>;
  /** Reads the policy file now. */
  reload(): Promise<void>;
}

/** Starts a server with the roles of its configuration. */
export async function serve(config: Config): Promise<ServedServer> {
  const log = createLog(config.logLevel);
  log.info({ config: shownConfig(config) }, "starting");
  const telemetry = createTelemetry({ processMetrics: true });
  const clock: Clock = { nowMs: Date.now };
  await using starting = new AsyncDisposableStack();
  const client = starting.adopt(createClient(tableClientOptions(config)), async (one) => one.destroy());
  const onConsumed = countConsumed(telemetry);
  const store = createDynamoStore({ client, tableName: config.table, onConsumed });
  const cardTypes = createDynamoCardTypes({ client, tableName: config.controlTable, onConsumed });

  const jobs = createJobStore({ client, tableName: config.controlTable });

  const relay = config.roles.includes("relay")
    ? starting.use(startRelayRole({ config, client, store, clock, log, telemetry }))
    : undefined;
  const proof = starting.use(createTopicParts({ config, client, clock }));
  let gateway: GatewayRole | undefined;
  const servesCalls = config.roles.includes("api");
  const readsTable = config.roles.some((role) => role !== "gateway");
  const checks = [
    ...(readsTable ? [tableCheck(client, config.table, clock)] : []),
    ...(relay === undefined ? [] : [relay.readiness]),
    ...(config.roles.includes("gateway") ? [{ name: "gateway", check: () => gateway?.readiness.check() }] : []),
  ];
  const api = starting.use(
    await serveApi({
      ...{ config, log, telemetry, clock, store, jobs, cardTypes, checks, ...proof.parts },
      ...(servesCalls && { openNode: (use) => openRealtime({ config, log, clock }, use) }),
    }),
  );
  if (config.roles.includes("gateway")) {
    gateway = starting.use(
      startGatewayRole({
        ...{ config, log, telemetry, clock },
        ownApiAddress: servesCalls ? Promise.resolve(api.grpcAddress) : undefined,
        openRooms: (maru) => openGatewayRooms({ config, log, telemetry, clock }, maru),
      }),
    );
  }
  const started = starting.move();
  return {
    api,
    async drain() {
      // Clients of the gateway go first: what they send on their way out still needs the api.
      await gateway?.drain();
      await api.drain();
      await relay?.drain();
    },
    reload: () => api.reloadPolicy(),
    [Symbol.asyncDispose]: () => started.disposeAsync(),
  };
}
