import { type Broker, type KafkaConnection, kafkaBroker } from "@maru/kafka";

/** Where Kafka is, for those who read it. */
export interface BrokerOptions extends Partial<Pick<KafkaConnection, "ssl" | "sasl" | "socketFactory" | "onLog">> {
  /** `host:port` of some Kafka brokers, the others are learned from these; or a broker such as `@maru/testing` makes. */
  readonly brokers: readonly string[] | Broker;
  /** The name under which the brokers log this client. @default "maru" */
  readonly clientId?: string;
}

/** The broker that options name. Throws a TypeError when they name none. */
export function brokerOf(options: BrokerOptions): Broker {
  const { brokers, clientId = "maru", ssl, sasl, socketFactory, onLog } = options;
  if (!isList(brokers)) {
    if (typeof brokers?.topicOffsets !== "function") throw new TypeError("brokers must name a broker");
    return brokers;
  }
  if (brokers.length === 0) throw new TypeError("brokers must name a broker");
  return kafkaBroker({
    brokers: [...brokers],
    clientId,
    ...(ssl === undefined ? {} : { ssl }),
    ...(sasl === undefined ? {} : { sasl }),
    ...(socketFactory === undefined ? {} : { socketFactory }),
    ...(onLog === undefined ? {} : { onLog }),
  });
}

function isList(brokers: BrokerOptions["brokers"]): brokers is readonly string[] {
  return Array.isArray(brokers);
}
