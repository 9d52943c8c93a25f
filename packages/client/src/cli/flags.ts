import { readFileSync } from "node:fs";
import { type ParseArgsOptionsConfig, parseArgs } from "node:util";
import { type CommandIo, UsageError } from "./commands.ts";

/** The flags that say where Kafka is, for `parseArgs`. */
export const kafkaFlags = {
  brokers: { type: "string" },
  topic: { type: "string" },
  "kafka-tls": { type: "boolean", default: false },
  "kafka-sasl": { type: "string" },
} as const satisfies ParseArgsOptionsConfig;

export const kafkaHelp = `Where Kafka is:
  --brokers LIST      host:port of some brokers, with commas between (or KAFKA_BROKERS; default 127.0.0.1:9092)
  --topic NAME        default maru.room-events.v1
  --kafka-tls         speak TLS
  --kafka-sasl NAME   plain, scram-sha-256 or scram-sha-512, with KAFKA_USERNAME and KAFKA_PASSWORD
`;

/** The flags that say where Maru is, for `parseArgs`. */
export const serverFlags = {
  address: { type: "string" },
  "token-file": { type: "string" },
  tls: { type: "boolean", default: false },
} as const satisfies ParseArgsOptionsConfig;

export const serverHelp = `Where Maru is:
  --address ADDRESS   host:port for gRPC, or a URL (or MARU_ADDRESS; default 127.0.0.1:50051)
  --token-file FILE   holds the token (without it: MARU_TOKEN)
  --tls               speak TLS
`;

/** Reads a command's flags. Throws a UsageError for what it does not know, and for a missing or surplus word. */
export function readFlags<T extends ParseArgsOptionsConfig>(
  args: readonly string[],
  options: T,
  words: readonly string[] = [],
) {
  const config = { args: [...args], options, allowPositionals: true, strict: true } as const;
  let parsed: ReturnType<typeof parseArgs<typeof config>>;
  try {
    parsed = parseArgs(config);
  } catch (cause) {
    throw new UsageError(cause instanceof Error ? cause.message : String(cause), { cause });
  }
  const { values, positionals } = parsed;
  if (positionals.length !== words.length) {
    throw new UsageError(words.length === 0 ? `${positionals[0]} is one word too many` : `say one of ${words}`);
  }
  return { values, positionals };
}

type Values<F extends Record<string, { readonly type: "string" | "boolean" }>> = {
  readonly [K in keyof F]?: (F[K]["type"] extends "boolean" ? boolean : string) | undefined;
};

/** How to reach Kafka, in the form of the library. */
export function kafkaOf(values: Values<typeof kafkaFlags>, { env }: Pick<CommandIo, "env">) {
  const brokers = (values.brokers ?? env.KAFKA_BROKERS ?? "127.0.0.1:9092").split(",").filter((name) => name !== "");
  if (brokers.length === 0) throw new UsageError("--brokers names no broker");
  const mechanism = values["kafka-sasl"];
  const [username, password] = [env.KAFKA_USERNAME ?? "", env.KAFKA_PASSWORD ?? ""];
  if (mechanism !== undefined && !isMechanism(mechanism)) {
    throw new UsageError(`--kafka-sasl must be plain, scram-sha-256 or scram-sha-512, not ${mechanism}`);
  }
  if (mechanism !== undefined && username === "")
    throw new UsageError("--kafka-sasl needs KAFKA_USERNAME and KAFKA_PASSWORD");
  return {
    brokers,
    clientId: "maru-client",
    ...(values.topic === undefined ? {} : { topic: values.topic }),
    ...(values["kafka-tls"] === true ? { ssl: true } : {}),
    ...(mechanism === undefined ? {} : { sasl: { mechanism, username, password } as const }),
  };
}

function isMechanism(name: string): name is "plain" | "scram-sha-256" | "scram-sha-512" {
  return ["plain", "scram-sha-256", "scram-sha-512"].includes(name);
}

/** How to reach Maru, for `connectMaru`. */
export function serverOf(values: Values<typeof serverFlags>, { env }: Pick<CommandIo, "env">) {
  const file = values["token-file"];
  const token = file === undefined ? env.MARU_TOKEN : readFileSync(file, "utf8").trim();
  return {
    address: (values.address ?? env.MARU_ADDRESS ?? "127.0.0.1:50051").split(","),
    ...(token === undefined || token === "" ? {} : { token: () => token }),
    ...(values.tls === true ? { tls: true } : {}),
  };
}

/** A whole number from `least` on. Throws a UsageError. */
export function wholeOf(flag: string, text: string, least = 0): number {
  const number = Number(text);
  if (!/^\d+$/.test(text) || number < least || !Number.isSafeInteger(number)) {
    throw new UsageError(`--${flag} must be a whole number from ${least} on, not ${text}`);
  }
  return number;
}

/** A time: ISO 8601, or how long ago: 30s, 15m, 6h, 2d. Throws a UsageError. */
export function timeOf(flag: string, text: string, nowMs: number): Date {
  const [, count, unit = ""] = /^(\d+)([smhd])$/.exec(text) ?? [];
  const unitMs = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }[unit];
  if (count !== undefined && unitMs !== undefined) return new Date(nowMs - Number(count) * unitMs);
  const time = new Date(text);
  if (/^\d{4}-\d{2}/.test(text) && !Number.isNaN(time.getTime())) return time;
  throw new UsageError(`--${flag} must be a time like 2026-01-31T12:00:00Z, or an age like 15m, not ${text}`);
}
