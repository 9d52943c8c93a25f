import { expect, test } from "vitest";
import { ConfigError, configReference, readConfig, shownConfig } from "./config.ts";
import { developmentKey } from "./identity/development-key.ts";

const key = "0123456789abcdef0123456789abcdef";
const least = { MARU_TOKEN_KEY: key, MARU_KAFKA_BROKERS: "127.0.0.1:9092" };

function problemsOf(env: Record<string, string>, files: Record<string, string> = {}): readonly string[] {
  try {
    readConfig(env, (path) => {
      const content = files[path];
      if (content === undefined) {
        throw new Error(`no such file: ${path}`);
      }
      return Buffer.from(content);
    });
    return [];
  } catch (error) {
    if (error instanceof ConfigError) {
      return error.problems;
    }
    throw error;
  }
}

test("a token key and brokers are enough; all else has a default", () => {
  const config = readConfig(least);
  expect(config).toMatchObject({
    roles: ["api", "relay"],
    grpcAddress: "127.0.0.1:50051",
    kafkaBrokers: ["127.0.0.1:9092"],
    maxRequestBytes: 1_048_576,
    reflection: true,
    dynamodbEndpoint: undefined,
    grpcTls: undefined,
  });
});

test("all problems are told at once", () => {
  const problems = problemsOf({
    MARU_ROLES: "api,reply",
    MARU_GRPC_ADDRESS: "nowhere",
    MARU_MAX_REQUEST_BYTES: "1 MiB",
    MARU_REFLECTION: "yes",
    MARU_TABEL: "maru",
    MARU_HTTP_TLS_CERT_FILE: "/missing.pem",
  });
  expect(problems).toEqual([
    "MARU_TABEL is not a setting of this server",
    'MARU_ROLES must be one of api, relay, gateway, all, not "reply"',
    'MARU_GRPC_ADDRESS must be host:port, like 127.0.0.1:8080 or [::1]:8080, not "nowhere"',
    "MARU_HTTP_TLS_CERT_FILE names a file that cannot be read: no such file: /missing.pem",
    'MARU_REFLECTION must be on or off, not "yes"',
    'MARU_MAX_REQUEST_BYTES must be a whole number from 1024 to 67108864, not "1 MiB"',
  ]);
});

test("each role needs its own settings only", () => {
  expect(problemsOf({})).toEqual([
    "MARU_TOKEN_KEY or MARU_TOKEN_KEY_FILE, a key set or a client authority must be set to serve calls",
    "MARU_KAFKA_BROKERS must be set to relay",
  ]);
  expect(problemsOf({ MARU_ROLES: "api", MARU_TOKEN_KEY: key })).toEqual([]);
  expect(problemsOf({ MARU_ROLES: "relay", MARU_KAFKA_BROKERS: "a:1,b:2" })).toEqual([]);
  const forward = { MARU_ROLES: "relay", MARU_RELAY_SINK: "forward" };
  expect(problemsOf(forward)).toEqual(["MARU_RELAY_SINK=forward needs MARU_RELAY_FORWARD_ADDRESS"]);
  expect(problemsOf({ ...forward, MARU_RELAY_FORWARD_ADDRESS: "127.0.0.1:24224" })).toEqual([]);
});

test("a gateway needs servers to call, and keys of its own and its users' tokens", () => {
  const gateway = { MARU_ROLES: "gateway" };
  expect(problemsOf(gateway)).toEqual([
    "MARU_TOKEN_KEY or MARU_TOKEN_KEY_FILE, or a key set, must be set to check the users' tokens",
    "MARU_GATEWAY_SERVICE_TOKEN_FILE must be set where no MARU_TOKEN_KEY is, for the gateway's own calls",
    "MARU_GATEWAY_API_ADDRESSES must be set for a gateway without the role api",
  ]);
  const called = { ...gateway, MARU_GATEWAY_API_ADDRESSES: "a:1" };
  expect(problemsOf({ ...called, MARU_TOKEN_KEY: key })).toEqual([]);
  expect(problemsOf({ MARU_ROLES: "api,gateway", MARU_TOKEN_KEY: key })).toEqual([]);
  expect(problemsOf({ ...called, MARU_TOKEN_KEY: key, MARU_USER_TOKEN_AUDIENCE: "maru" })).toHaveLength(1);
  const open = { ...called, MARU_TOKEN_KEY: developmentKey, MARU_GATEWAY_ADDRESS: "0.0.0.0:8081" };
  expect(problemsOf(open)).toEqual([
    "MARU_TOKEN_KEY is the development key, which everybody knows: not on 0.0.0.0:8081",
  ]);
  const files = { "/keys": '{"keys":[]}', "/token": "t" };
  const other = { MARU_TOKEN_JWKS_FILE: "/keys", MARU_GATEWAY_SERVICE_TOKEN_FILE: "/token" };
  expect(problemsOf({ ...called, ...other }, files)).toEqual([]);
});

test("a key set, or a client authority whose certificates name services, does in place of a token key", () => {
  const pem = "-----BEGIN CERTIFICATE-----";
  const files = { "/c": pem, "/keys": '{"keys":[]}' };
  const tls = { MARU_GRPC_TLS_CERT_FILE: "/c", MARU_GRPC_TLS_KEY_FILE: "/c", MARU_GRPC_TLS_CLIENT_CA_FILE: "/c" };
  const api = { MARU_ROLES: "api" };
  expect(problemsOf({ ...api, MARU_TOKEN_JWKS_URL: "http://127.0.0.1/keys" })).toEqual([]);
  expect(problemsOf({ ...api, MARU_TOKEN_JWKS_FILE: "/keys" }, files)).toEqual([]);
  expect(problemsOf({ ...api, ...tls }, files)).toEqual([]);
  expect(problemsOf({ ...api, ...tls, MARU_TLS_CLIENT_NAME: "off" }, files)).toHaveLength(1);
  expect(problemsOf({ ...api, MARU_TOKEN_JWKS_FILE: "/c" }, files)).toEqual([
    "MARU_TOKEN_JWKS_FILE names a file that is not a JSON Web Key Set: /c",
    "MARU_TOKEN_KEY or MARU_TOKEN_KEY_FILE, a key set or a client authority must be set to serve calls",
  ]);
});

test("there is one place that says which services may call, and one that has the issuer's keys", () => {
  const files = { "/policy": "", "/keys": '{"keys":[]}' };
  const env = { ...least, MARU_POLICY_FILE: "/policy", MARU_ALLOWED_SERVICES: "orders" };
  expect(problemsOf(env, files)).toEqual(["MARU_POLICY_FILE and MARU_ALLOWED_SERVICES are both set; only one may be"]);
  const keys = { ...least, MARU_TOKEN_JWKS_URL: "http://127.0.0.1/keys", MARU_TOKEN_JWKS_FILE: "/keys" };
  expect(problemsOf(keys, files)).toEqual([
    "MARU_TOKEN_JWKS_URL and MARU_TOKEN_JWKS_FILE are both set; only one may be",
  ]);
});

test("the development key is refused where others can reach the server", () => {
  const development = { ...least, MARU_TOKEN_KEY: developmentKey };
  expect(problemsOf({ ...development, MARU_GRPC_ADDRESS: "localhost:0", MARU_HTTP_ADDRESS: "[::1]:0" })).toEqual([]);
  expect(problemsOf({ ...development, MARU_GRPC_ADDRESS: "0.0.0.0:50051" })).toEqual([
    "MARU_TOKEN_KEY is the development key, which everybody knows: not on 0.0.0.0:50051",
  ]);
  expect(problemsOf({ ...development, MARU_HTTP_ADDRESS: "127.0.0.1.example.com:80" })).toHaveLength(1);
});

test("secrets come from files or variables, but not from both", () => {
  const files = { "/run/key": `${key}\n` };
  const env = { MARU_KAFKA_BROKERS: "a:1", MARU_TOKEN_KEY_FILE: "/run/key" };
  expect(readConfig(env, () => Buffer.from(files["/run/key"])).tokenKey).toBe(key);
  expect(problemsOf({ ...env, MARU_TOKEN_KEY: key }, files)).toEqual([
    "MARU_TOKEN_KEY and MARU_TOKEN_KEY_FILE are both set; only one may be",
  ]);
});

test("half of a TLS setting is a problem", () => {
  const pem = "-----BEGIN CERTIFICATE-----";
  expect(problemsOf({ ...least, MARU_GRPC_TLS_CERT_FILE: "/c" }, { "/c": pem })).toEqual([
    "MARU_GRPC_TLS_CERT_FILE and MARU_GRPC_TLS_KEY_FILE are only good together",
  ]);
  expect(problemsOf({ ...least, MARU_HTTP_TLS_CLIENT_CA_FILE: "/c" }, { "/c": pem })).toEqual([
    "MARU_HTTP_TLS_CLIENT_CA_FILE needs MARU_HTTP_TLS_CERT_FILE",
  ]);
});

test("the shown configuration has no secrets", () => {
  const shown = shownConfig(readConfig({ ...least, MARU_TABLE: "rooms" }));
  expect(shown).toMatchObject({ MARU_TABLE: "rooms", MARU_TOKEN_KEY: "[redacted]" });
  expect(JSON.stringify(shown)).not.toContain(key);
});

test("the reference has a row for each variable", () => {
  expect(configReference()).toContain("| `MARU_MAX_TEXT_BYTES` | whole number from 1 to 262144 | `16384` |");
});

test("the login of Redis needs a password, which may come from a file", () => {
  const redis = { ...least, MARU_REDIS_NODES: "a:1,b:2", MARU_REDIS_USERNAME: "maru" };
  expect(problemsOf(redis)).toEqual(["MARU_REDIS_USERNAME needs a password"]);
  expect(problemsOf({ ...redis, MARU_REDIS_PASSWORD: "x", MARU_REDIS_PASSWORD_FILE: "/p" }, { "/p": "y\n" })).toEqual([
    "MARU_REDIS_PASSWORD and MARU_REDIS_PASSWORD_FILE are both set; only one may be",
  ]);
  const config = readConfig({ ...redis, MARU_REDIS_PASSWORD_FILE: "/p" }, () => Buffer.from("y\n"));
  expect(config).toMatchObject({ redisNodes: ["a:1", "b:2"], redisUsername: "maru", redisPassword: "y" });
  expect(shownConfig(config)).toMatchObject({ MARU_REDIS_PASSWORD: "[redacted]" });
});
