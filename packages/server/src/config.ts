import { readFileSync } from "node:fs";
import { developmentKey, isLoopbackAddress } from "./identity/development-key.ts";
import type { Setting } from "./setting.ts";
import type { ReadFile } from "./setting-parsers.ts";
import { foreignVariables, type SettingValues, settings } from "./settings.ts";
import { gatewayProblems } from "./settings-gateway.ts";

export interface TlsConfig {
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly clientCa: Buffer | undefined;
}

type Joined =
  | "roles"
  | "tokenKeyFile"
  | "kafkaSaslPasswordFile"
  | "redisPasswordFile"
  | `${"grpc" | "http"}Tls${"Cert" | "Key" | "ClientCa"}`
  | `gatewayTls${"Cert" | "Key"}`;

/** The settings, with those joined that belong together. */
export interface Config extends Omit<SettingValues, Joined> {
  readonly roles: readonly Role[];
  readonly grpcTls: TlsConfig | undefined;
  readonly httpTls: TlsConfig | undefined;
  readonly gatewayTls: TlsConfig | undefined;
}

const allRoles = ["api", "relay", "gateway"] as const;
export type Role = (typeof allRoles)[number];
export type Environment = Readonly<Record<string, string | undefined>>;

/** Says all that is wrong, not only what is found first. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`the configuration cannot be used:\n${problems.map((one) => `  - ${one}`).join("\n")}`);
    this.problems = problems;
  }
}

/** An empty variable counts as one that is not set. Throws ConfigError. */
export function readConfig(env: Environment, readFile: ReadFile = readFileSync): Config {
  const problems: string[] = [...unknownVariables(env)];
  const values: Record<string, unknown> = {};
  for (const [key, setting] of Object.entries<Setting<unknown>>(settings)) {
    try {
      const text = env[setting.name] || setting.initial;
      values[key] = text === undefined ? undefined : setting.parser.parse(text, readFile);
    } catch (error) {
      problems.push(`${setting.name} ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  const config = toConfig(values as SettingValues);
  problems.push(...contradictions(config, values as Partial<SettingValues>));
  if (problems.length > 0) {
    throw new ConfigError(problems);
  }
  return config;
}

function unknownVariables(env: Environment): string[] {
  const known = new Set([...Object.values(settings).map(({ name }) => name), ...foreignVariables]);
  return Object.keys(env)
    .filter((name) => name.startsWith("MARU_") && !known.has(name))
    .map((name) => `${name} is not a setting of this server`);
}

function toConfig(values: SettingValues): Config {
  const { grpcTlsCert, grpcTlsKey, grpcTlsClientCa, httpTlsCert, httpTlsKey, httpTlsClientCa, ...others } = values;
  const { tokenKeyFile, kafkaSaslPasswordFile, redisPasswordFile, gatewayTlsCert, gatewayTlsKey, ...plain } = others;
  return {
    ...plain,
    roles: rolesOf(values),
    tokenKey: values.tokenKey ?? tokenKeyFile,
    kafkaSaslPassword: values.kafkaSaslPassword ?? kafkaSaslPasswordFile,
    redisPassword: values.redisPassword ?? redisPasswordFile,
    grpcTls: toTls(grpcTlsCert, grpcTlsKey, grpcTlsClientCa),
    httpTls: toTls(httpTlsCert, httpTlsKey, httpTlsClientCa),
    gatewayTls: toTls(gatewayTlsCert, gatewayTlsKey, undefined),
  };
}

/** A gateway needs Redis: where there is none, `all` does without. */
function rolesOf({ roles, redisNodes = [] }: SettingValues): Role[] {
  const named = new Set(roles);
  return allRoles.filter(
    (role) => named.has(role) || (named.has("all") && (role !== "gateway" || redisNodes.length > 0)),
  );
}

function toTls(cert: Buffer | undefined, key: Buffer | undefined, clientCa: Buffer | undefined): TlsConfig | undefined {
  return cert === undefined || key === undefined ? undefined : { cert, key, clientCa };
}

const minTokenKeyBytes = 32;

/** What each value alone does not show. A value that could not be read is undefined, and has been complained of. */
function contradictions(config: Config, values: Partial<SettingValues>): string[] {
  const problems: string[] = [];
  const both = (one: unknown, other: unknown, names: string) => {
    if (one !== undefined && other !== undefined) {
      problems.push(`${names} are both set; only one may be`);
    }
  };
  both(values.tokenKey, values.tokenKeyFile, "MARU_TOKEN_KEY and MARU_TOKEN_KEY_FILE");
  both(values.tokenJwksUrl, values.tokenJwksFile, "MARU_TOKEN_JWKS_URL and MARU_TOKEN_JWKS_FILE");
  both(values.policyFile, values.allowedServices?.[0], "MARU_POLICY_FILE and MARU_ALLOWED_SERVICES");
  both(
    values.kafkaSaslPassword,
    values.kafkaSaslPasswordFile,
    "MARU_KAFKA_SASL_PASSWORD and MARU_KAFKA_SASL_PASSWORD_FILE",
  );
  both(values.redisPassword, values.redisPasswordFile, "MARU_REDIS_PASSWORD and MARU_REDIS_PASSWORD_FILE");
  if (config.redisUsername !== undefined && config.redisPassword === undefined) {
    problems.push("MARU_REDIS_USERNAME needs a password");
  }
  for (const listener of ["grpc", "http", "gateway"] as const) {
    problems.push(...tlsContradictions(listener, values));
  }
  if (config.roles.includes("api")) {
    problems.push(...credentialProblems(config));
  }
  if (config.roles.includes("gateway")) {
    problems.push(...gatewayProblems(config));
  }
  if (config.roles.includes("api") || config.roles.includes("gateway")) {
    problems.push(...tokenKeyProblems(config));
  }
  if (config.roles.includes("relay")) {
    problems.push(...relayProblems(config));
  }
  if (config.kafkaSaslMechanism !== undefined && !(config.kafkaSaslUsername && config.kafkaSaslPassword)) {
    problems.push("MARU_KAFKA_SASL_MECHANISM needs MARU_KAFKA_SASL_USERNAME and a password");
  }
  if (config.maxTextBytes >= config.maxRequestBytes) {
    problems.push("MARU_MAX_TEXT_BYTES must be less than MARU_MAX_REQUEST_BYTES");
  }
  if (config.watchMinPollMs > config.watchMaxPollMs) {
    problems.push("MARU_WATCH_MIN_POLL_MS must not be more than MARU_WATCH_MAX_POLL_MS");
  }
  return problems;
}

function relayProblems(config: Config): string[] {
  if (config.relaySink === "forward") {
    return config.relayForwardAddress === undefined ? ["MARU_RELAY_SINK=forward needs MARU_RELAY_FORWARD_ADDRESS"] : [];
  }
  return config.kafkaBrokers?.length === 0 ? ["MARU_KAFKA_BROKERS must be set to relay"] : [];
}

function tlsContradictions(listener: "grpc" | "http" | "gateway", values: Partial<SettingValues>): string[] {
  const { [`${listener}TlsCert` as const]: cert, [`${listener}TlsKey` as const]: key } = values;
  const prefix = `MARU_${listener.toUpperCase()}_TLS`;
  if ((cert === undefined) !== (key === undefined)) {
    return [`${prefix}_CERT_FILE and ${prefix}_KEY_FILE are only good together`];
  }
  const clientCa = listener === "gateway" ? undefined : values[`${listener}TlsClientCa` as const];
  return clientCa !== undefined && cert === undefined ? [`${prefix}_CLIENT_CA_FILE needs ${prefix}_CERT_FILE`] : [];
}

/** Callers must be able to prove who they are in one way at least. */
function credentialProblems({ tokenKey, tokenJwksUrl, tokenJwksFile, clientNameFrom, grpcTls, httpTls }: Config) {
  const byToken = [tokenKey, tokenJwksUrl, tokenJwksFile].some(Boolean);
  const byCertificate = clientNameFrom !== "off" && (grpcTls?.clientCa ?? httpTls?.clientCa) !== undefined;
  if (byToken || byCertificate) return [];
  return ["MARU_TOKEN_KEY or MARU_TOKEN_KEY_FILE, a key set or a client authority must be set to serve calls"];
}

function tokenKeyProblems({ roles, tokenKey, grpcAddress, httpAddress, gatewayAddress }: Config): string[] {
  if (!tokenKey) return [];
  if (Buffer.byteLength(tokenKey) < minTokenKeyBytes) {
    return [`MARU_TOKEN_KEY must have at least ${minTokenKeyBytes} bytes`];
  }
  const listening = [grpcAddress, httpAddress, roles.includes("gateway") ? gatewayAddress : undefined];
  const reachable = listening.filter((address) => address !== undefined && !isLoopbackAddress(address));
  return tokenKey === developmentKey && reachable.length > 0
    ? [`MARU_TOKEN_KEY is the development key, which everybody knows: not on ${reachable.join(" and ")}`]
    : [];
}

/** The configuration for the log: by variable, without secrets and certificates. */
export function shownConfig(config: Config): Record<string, unknown> {
  const shown: Record<string, unknown> = {};
  for (const [key, { name, secret }] of Object.entries<Setting<unknown>>(settings)) {
    const value: unknown = Reflect.get(config, key);
    if (value !== undefined) {
      shown[name] = secret ? "[redacted]" : value;
    }
  }
  return shown;
}

/** The text of docs/config.md. */
export function configReference(): string {
  const rows = Object.values<Setting<unknown>>(settings).map(({ name, parser, initial, sentence }) => {
    const otherwise = initial === undefined || initial === "" ? "" : `\`${initial}\``;
    return `| \`${name}\` | ${parser.form} | ${otherwise} | ${sentence} |`;
  });
  return `# Configuration of the server

The server reads its settings from environment variables, and nothing else. When it starts it lists everything that is
wrong with them, names that it does not know included, and stops. A variable that is set but empty counts as not set.
Secrets can come from files; they are never logged.

| Variable | Value | Default | What it says |
|---|---|---|---|
${rows.join("\n")}
`;
}
