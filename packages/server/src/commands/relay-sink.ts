import { startProducer } from "@maru/kafka";
import { splitAddress } from "../api/http-listener.ts";
import type { Config } from "../config.ts";
import type { Log } from "../log.ts";
import type { EventSink } from "../relay/event-sink.ts";
import { createForwardSink } from "../relay/forward-sink.ts";
import { createKafkaSink } from "../relay/kafka-sink.ts";
import { kafkaConnection } from "./connections.ts";

export interface OpenSink extends AsyncDisposable {
  readonly sink: EventSink;
}

/** Where the configuration sends events. Throws when no broker answers; an agent is reached when there is something to send. */
export async function openRelaySink(config: Config, log: Log): Promise<OpenSink> {
  const { relayMaxPendingBytes: maxPendingBytes, relayForwardAddress } = config;
  const onRetry = (error: unknown) => log.warn({ error }, "an event was not acknowledged and is sent again");
  if (config.relaySink === "forward") {
    const address = splitAddress(relayForwardAddress ?? "");
    const sink = createForwardSink({ address, maxPendingBytes, onRetry });
    return { sink, [Symbol.asyncDispose]: async () => sink[Symbol.asyncDispose]() };
  }
  const producer = await startProducer({ ...kafkaConnection(config), maxPendingBytes, onRetry });
  return { sink: createKafkaSink(producer), [Symbol.asyncDispose]: () => producer.close() };
}
