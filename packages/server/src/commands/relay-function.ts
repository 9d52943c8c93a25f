import type { Config } from "../config.ts";
import { createLog } from "../log.ts";
import { createRelayHandler, type RelayHandler } from "../relay/lambda.ts";
import { createClient } from "../store/client.ts";
import { createDynamoStore } from "../store/dynamodb-store.ts";
import { toChange } from "../store/to-change.ts";
import { tableClientOptions } from "./connections.ts";
import { openRelaySink } from "./relay-sink.ts";

/** Connects once for an instance of the function; nothing is closed, since an instance is frozen and not ended. */
export async function openRelayFunction(config: Config): Promise<RelayHandler> {
  const log = createLog(config.logLevel);
  const { sink } = await openRelaySink(config, log);
  const client = createClient(tableClientOptions(config));
  return createRelayHandler({
    store: createDynamoStore({ client, tableName: config.table }),
    sink,
    toChange,
    log,
    clock: { nowMs: Date.now },
    topics: { roomEvents: config.kafkaTopic, readMarkers: config.kafkaReadMarkersTopic },
    deadLetterTopic: config.kafkaRelayDeadLettersTopic,
    source: "maru",
    isOnlyInstance: config.relayIsOnlyInstance,
  });
}
