import { readFileSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { dirname, join, normalize, relative } from "node:path";
import { root } from "./command.ts";

/**
 * Who may import what (docs/architecture.md). The first rule whose `in` is a prefix of the file holds. `may` lists
 * prefixes of files of this repository, and names of packages; what is in the same place is always allowed.
 */
const rules: readonly { readonly in: string; readonly may: readonly string[] }[] = [
  {
    in: "packages/server/src/domain/",
    may: ["packages/server/src/errors.ts", "@maru/protocol", "@bufbuild/protobuf", "lru-cache", "node:crypto"],
  },
  {
    in: "packages/server/src/store/",
    may: [
      "packages/server/src/domain/",
      "packages/server/src/errors.ts",
      "@maru/protocol",
      "@bufbuild/protobuf",
      "@aws-sdk/",
      "@smithy/",
      "node:",
    ],
  },
  {
    in: "packages/server/src/identity/",
    may: [
      "packages/server/src/errors.ts",
      "packages/server/src/telemetry.ts",
      "@maru/protocol",
      "jose",
      "lru-cache",
      "node:",
    ],
  },
  {
    in: "packages/server/src/policy/",
    may: [
      "packages/server/src/domain/rooms/room-kind.ts",
      "packages/server/src/log.ts",
      "packages/server/src/telemetry.ts",
      "@bufbuild/protobuf",
      "lru-cache",
      "yaml",
      "node:",
    ],
  },
  {
    in: "packages/server/src/api/",
    may: [
      "packages/server/src/domain/",
      "packages/server/src/identity/",
      "packages/server/src/policy/",
      "packages/server/src/errors.ts",
      "packages/server/src/log.ts",
      "packages/server/src/telemetry.ts",
      "@maru/protocol",
      "@bufbuild/",
      "@connectrpc/",
      "@grpc/grpc-js",
      "node:",
    ],
  },
  {
    in: "packages/server/src/jobs/",
    may: [
      "packages/server/src/domain/",
      "packages/server/src/errors.ts",
      "packages/server/src/log.ts",
      "packages/server/src/telemetry.ts",
      "@maru/protocol",
      "@bufbuild/protobuf",
      "node:",
    ],
  },
  {
    in: "packages/server/src/realtime/",
    may: [
      "packages/server/src/domain/",
      "packages/server/src/errors.ts",
      "packages/server/src/log.ts",
      "packages/server/src/telemetry.ts",
      "@maru/protocol",
      "@bufbuild/protobuf",
      "ioredis",
      "lru-cache",
      "node:",
    ],
  },
  {
    // An agent is reached without Kafka.
    in: "packages/server/src/relay/forward-",
    may: [
      "packages/server/src/relay/event-sink.ts",
      "packages/server/src/relay/shard-blocked.ts",
      "packages/server/src/relay/to-event.ts",
      "@msgpack/msgpack",
      "node:",
    ],
  },
  {
    in: "packages/server/src/relay/",
    may: [
      "packages/server/src/domain/",
      "packages/server/src/store/",
      "packages/server/src/errors.ts",
      "packages/server/src/log.ts",
      "packages/server/src/telemetry.ts",
      "@maru/protocol",
      "@maru/kafka",
      "@bufbuild/",
      "prom-client",
      "lru-cache",
      "node:",
    ],
  },
  {
    in: "packages/server/src/gateway/",
    may: [
      "packages/server/src/realtime/realtime.ts",
      "packages/server/src/domain/",
      "packages/server/src/identity/tokens.ts",
      "packages/server/src/api/http-listener.ts",
      "packages/server/src/api/tls-files.ts",
      "packages/server/src/api/validation.ts",
      "packages/server/src/errors.ts",
      "packages/server/src/log.ts",
      "packages/server/src/telemetry.ts",
      "@maru/client",
      "@maru/protocol",
      "@bufbuild/protobuf",
      "prom-client",
      "lru-cache",
      "ws",
      "node:",
    ],
  },
  { in: "packages/protocol/src/", may: ["@bufbuild/protobuf", "node:"] },
  { in: "packages/kafka/src/", may: ["kafkajs", "node:"] },
  {
    in: "packages/client/src/events/dynamodb/",
    may: [
      "@aws-sdk/client-dynamodb",
      "packages/client/src/events/position-store.ts",
      "packages/client/src/events/transaction-ended-error.ts",
      "node:",
    ],
  },
  {
    in: "packages/client/src/events/postgres/",
    may: [
      "packages/client/src/events/position-store.ts",
      "packages/client/src/events/transaction-ended-error.ts",
      "node:",
    ],
  },
  {
    in: "packages/client/src/events/",
    may: ["@maru/protocol", "@maru/kafka", "@bufbuild/protobuf", "packages/client/src/", "node:"],
  },
  {
    in: "packages/client/src/tracing/",
    may: ["@bufbuild/protobuf", "@connectrpc/", "@opentelemetry/api", "packages/client/src/"],
  },
  {
    // Runs in browsers: nothing of Node, of Connect or of the rest of the client.
    in: "packages/client/src/realtime/",
    may: ["@maru/protocol", "@bufbuild/protobuf", "packages/client/src/contents.ts"],
  },
  { in: "packages/client/src/metrics/", may: ["prom-client", "packages/client/src/events/"] },
  {
    in: "packages/client/src/cli/",
    may: ["@maru/protocol", "@maru/kafka", "@bufbuild/protobuf", "packages/client/src/", "node:"],
  },
  {
    in: "packages/client/src/",
    may: ["@maru/protocol", "@bufbuild/protobuf", "@connectrpc/", "@grpc/grpc-js", "node:"],
  },
  {
    in: "packages/testing/src/",
    may: [
      "@maru/protocol",
      "@maru/kafka",
      "@maru/server/config.ts",
      "@maru/server/context.ts",
      "@maru/server/domain/",
      "@maru/server/errors.ts",
      "@maru/server/identity/tokens.ts",
      "@maru/server/log.ts",
      "@maru/server/relay/kafka-topic-view.ts",
      "@maru/server/relay/to-event.ts",
      "@maru/server/store/memory.ts",
      "@maru/server/store/memory-jobs.ts",
      "@maru/server/store/memory-card-types.ts",
      "@maru/server/telemetry.ts",
      "@bufbuild/protobuf",
      "node:",
    ],
  },
  {
    // Pure: a record in, a row out.
    in: "packages/analytics/src/flatten/",
    may: [
      "packages/analytics/src/lake/event-columns.json",
      "packages/analytics/src/privacy/",
      "@maru/protocol",
      "@maru/server/domain/cards/",
      "@maru/server/errors.ts",
      "@maru/server/relay/lambda-record.ts",
      "@maru/server/store/keys.ts",
      "fast-check",
    ],
  },
  { in: "packages/analytics/src/statistics/", may: ["node:"] },
  { in: "packages/analytics/src/privacy/", may: ["@maru/server/policy/yaml-source.ts", "node:"] },
  {
    in: "packages/analytics/src/export/",
    may: ["@aws-sdk/client-s3", "@duckdb/node-api", "pg", "pg-copy-streams", "node:"],
  },
  {
    // Pure: rows in, entries out.
    in: "packages/migrate/src/room-log/",
    may: ["@maru/protocol", "@maru/server/domain/", "@bufbuild/protobuf"],
  },
  { in: "packages/migrate/src/mapping/", may: ["packages/migrate/src/", "yaml", "node:"] },
  {
    in: "packages/migrate/src/target/",
    may: [
      "packages/migrate/src/room-log/",
      "@maru/protocol",
      "@bufbuild/protobuf",
      "@maru/server/domain/",
      "@maru/server/store/",
      "@aws-sdk/client-dynamodb",
      "node:",
    ],
  },
  {
    in: "packages/migrate/src/",
    may: [
      "@maru/client",
      "@maru/protocol",
      "@maru/server/domain/",
      "@maru/server/store/",
      "@bufbuild/protobuf",
      "@duckdb/node-api",
      "pg",
      "pg-copy-streams",
      "pg-logical-replication",
      "node:",
    ],
  },
  { in: "packages/devstack/src/", may: ["node:", "vitest"] },
  // Reads the packaged template: no function of the lake, no engine.
  { in: "packages/analytics/src/template/", may: ["asl-validator", "yaml", "node:"] },
  {
    in: "examples/payments/",
    may: [
      "@aws-sdk/client-dynamodb",
      "@bufbuild/protobuf",
      "@maru/client",
      "@maru/kafka",
      "@maru/protocol",
      "@maru/testing",
      "@maru/devstack",
      "node:",
    ],
  },
  {
    // No node: what runs in a browser has none.
    in: "examples/web-chat/page/",
    may: ["@bufbuild/protobuf", "@maru/client/realtime", "@maru/protocol", "examples/web-chat/"],
  },
  {
    in: "examples/web-chat/",
    may: ["@bufbuild/protobuf", "@maru/client", "@maru/protocol", "esbuild", "jose", "node:"],
  },
  {
    in: "examples/",
    may: [
      "@bufbuild/protobuf",
      "@maru/client",
      "@maru/kafka",
      "@maru/protocol",
      "@maru/testing",
      "@maru/devstack",
      "node:",
    ],
  },
];

/** What one place alone may import. */
const sole: readonly { readonly module: string; readonly in: readonly string[] }[] = [
  { module: "kafkajs", in: ["packages/kafka/", "bench/src/consume/raw-side.ts", "bench/src/e2e/raw-side.ts"] },
  {
    module: "@aws-sdk/",
    in: [
      "packages/server/src/store/",
      "packages/server/test/",
      "packages/client/src/events/dynamodb/",
      "packages/client/test/positions-dynamodb.test.ts",
      "packages/analytics/",
      "examples/payments/",
      "packages/migrate/src/target/",
      "packages/migrate/test/",
      "bench/",
    ],
  },
  {
    module: "pg",
    in: [
      "packages/client/test/",
      "packages/analytics/src/export/",
      "packages/analytics/src/local/export-users.ts",
      "packages/analytics/test/",
      "packages/migrate/",
    ],
  },
  {
    module: "pg-copy-streams",
    in: ["packages/analytics/src/export/", "packages/migrate/"],
  },
  { module: "pg-logical-replication", in: ["packages/migrate/src/follow/"] },
  { module: "@msgpack/msgpack", in: ["packages/server/src/relay/forward-", "packages/server/test/forward-"] },
  {
    module: "yaml",
    in: ["packages/server/src/policy/", "packages/analytics/src/template/", "packages/migrate/src/mapping/"],
  },
  {
    module: "ws",
    in: ["packages/server/src/gateway/", "packages/server/test/", "packages/client/test/", "bench/", "examples/"],
  },
  { module: "ioredis", in: ["packages/server/src/realtime/"] },
];

/** Reads the import lines of every file and lists those that no rule allows. */
export async function layersProblem(): Promise<string | undefined> {
  const violations: string[] = [];
  for (const folder of ["packages", "examples", "bench"]) {
    const entries = await readdir(join(root, folder), { recursive: true, withFileTypes: true });
    for (const entry of entries) {
      const file = relative(root, join(entry.parentPath, entry.name));
      if (!entry.isFile() || !file.endsWith(".ts") || /(^|\/)(node_modules|dist|gen|\.mutants)\//.test(file)) continue;
      violations.push(...violationsOf(file, readFileSync(join(root, file), "utf8")));
    }
  }
  return violations.length === 0 ? undefined : violations.join("\n");
}

export function violationsOf(file: string, text: string): string[] {
  const imported = importsOf(file, text);
  const soleViolations = sole
    .filter(({ in: places }) => !places.some((place) => file.startsWith(place)))
    .flatMap(({ module }) => imported.filter((name) => matches(name, module)));
  const rule =
    file.endsWith(".test.ts") || file.includes("/test/") ? undefined : rules.find((r) => file.startsWith(r.in));
  const ruleViolations =
    rule === undefined
      ? []
      : imported.filter((name) => !name.startsWith(rule.in) && !rule.may.some((allowed) => matches(name, allowed)));
  return [...new Set([...soleViolations, ...ruleViolations])].map((name) => `${file} may not import ${name}`);
}

function matches(name: string, allowed: string): boolean {
  return name === allowed || name.startsWith(allowed.endsWith("/") || allowed.endsWith(":") ? allowed : `${allowed}/`);
}

function importsOf(file: string, text: string): string[] {
  const found = text.matchAll(/(?:from\s+|import\s*\(\s*|^import\s+)"([^"]+)"/gm);
  return [...found].map(([, name = ""]) => (name.startsWith(".") ? normalize(join(dirname(file), name)) : name));
}

const planted: readonly { readonly file: string; readonly line: string }[] = [
  { file: "packages/server/src/domain/messages/send.ts", line: 'import { Code } from "@connectrpc/connect";' },
  { file: "packages/server/src/domain/log/append.ts", line: 'import { x } from "../../store/memory.ts";' },
  { file: "packages/server/src/relay/worker.ts", line: 'import { Kafka } from "kafkajs";' },
  { file: "packages/server/src/relay/forward-sink.ts", line: 'import { startProducer } from "@maru/kafka";' },
  { file: "packages/server/src/config.ts", line: 'import { parse } from "yaml";' },
  { file: "packages/server/src/context.ts", line: 'import { Redis } from "ioredis";' },
  { file: "packages/server/src/realtime/tails.ts", line: 'import { x } from "../store/memory.ts";' },
  { file: "packages/server/src/gateway/sweep.ts", line: 'import { x } from "../store/memory.ts";' },
  { file: "packages/server/src/api/listen.ts", line: 'import { WebSocketServer } from "ws";' },
  { file: "packages/migrate/src/room-log/memberships.ts", line: 'import { Client } from "pg";' },
  { file: "packages/client/src/connect.ts", line: 'const kafka = await import("@maru/kafka");' },
  { file: "packages/client/src/events/subscribe.ts", line: 'import { x } from "@aws-sdk/client-dynamodb";' },
  { file: "packages/client/src/realtime/room.ts", line: 'import { randomUUID } from "node:crypto";' },
  { file: "packages/analytics/src/template/grants.ts", line: 'import { PutObjectCommand } from "@aws-sdk/client-s3";' },
  { file: "packages/client/src/events/subscribe.ts", line: 'import { trace } from "@opentelemetry/api";' },
  { file: "packages/analytics/src/commands/export.ts", line: 'import { Client } from "pg";' },
];

/** The check itself is checked: each planted import must be found. */
export async function plantedImportProblem(): Promise<string | undefined> {
  const missed = planted.filter(({ file, line }) => violationsOf(file, line).length === 0);
  return missed.length === 0 ? undefined : missed.map(({ file, line }) => `not found in ${file}: ${line}`).join("\n");
}
