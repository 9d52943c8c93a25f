import { type Broker, type KafkaConnection, kafkaBroker } from "@maru/kafka";

/** Where Kafka is, for those who read it. */
export interface BrokerOptions extends Partial<Omit<KafkaConnection, "brokers">> {
  /**
   * `host:port` of some Kafka brokers; the others are learned from these. Or a `Broker`: `kafkaBroker(connection)` of
   * `@maru/kafka`, or one in memory, of `@maru/testing`; `clientId`, `ssl`, `sasl`, `socketFactory` and `onLog` are its own
   * then, and refused here.
   */
  readonly brokers: readonly string[] | Broker;
}

/** The broker that options name. Throws a TypeError, in the name of the caller, for options that make no sense. */
export function brokerOf(caller: string, options: BrokerOptions, defaultClientId: string): Broker {
  const { brokers, clientId = defaultClientId, ssl, sasl, socketFactory, onLog } = options;
  const given = Object.entries({ ssl, sasl, socketFactory, onLog }).filter(([, value]) => value !== undefined);
  if (isAddresses(brokers)) {
    if (brokers.length === 0) throw new TypeError(`${caller}: brokers must name a broker`);
    return kafkaBroker({ brokers: [...brokers], clientId, ...Object.fromEntries(given) });
  }
  if (typeof brokers?.startConsumer !== "function") {
    throw new TypeError(`${caller}: brokers must be addresses, host:port, or a Broker`);
  }
  const names = [...(clientId === defaultClientId ? [] : ["clientId"]), ...given.map(([name]) => name)];
  if (names.length > 0) throw new TypeError(`${caller}: ${names.join(", ")} must be given to the Broker, not here`);
  return brokers;
}

function isAddresses(brokers: BrokerOptions["brokers"]): brokers is readonly string[] {
  return Array.isArray(brokers);
}
