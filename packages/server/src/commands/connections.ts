import type { KafkaConnection } from "@maru/kafka";
import type { Config } from "../config.ts";
import type { ClientOptions } from "../store/client.ts";

/** With three tries of five seconds a put is over long before appendTimeoutMs. */
export function tableClientOptions(config: Config): ClientOptions {
  return {
    region: config.dynamodbRegion,
    ...(config.dynamodbEndpoint !== undefined && { endpoint: config.dynamodbEndpoint }),
    maxAttempts: 3,
    connectionTimeoutMs: 1_000,
    requestTimeoutMs: 5_000,
    maxSockets: 100,
  };
}

export function kafkaConnection(config: Config): KafkaConnection {
  const { kafkaSaslMechanism: mechanism, kafkaSaslUsername: username, kafkaSaslPassword: password } = config;
  return {
    brokers: [...config.kafkaBrokers],
    clientId: "maru",
    ...(config.kafkaSsl && { ssl: config.kafkaSslCa === undefined ? true : { ca: config.kafkaSslCa } }),
    ...(mechanism !== undefined &&
      username !== undefined &&
      password !== undefined && { sasl: { mechanism, username, password } as KafkaConnection["sasl"] }),
  };
}
