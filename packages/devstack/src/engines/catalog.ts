import { join } from "node:path";

/** An engine that can be fetched: a folder under `engines/` with a Maven `pom.xml` and, where needed, one Java class. */
export interface EngineSource {
  name: "dynamodb" | "kafka" | "redis";
  title: string;
  version: string;
  sizeMegabytes: number;
  folder: string;
  /** Compiled against the jars, into a jar of its own. */
  javaFile?: string;
  /** Taken out of the fetched jar whose name starts with `jar`, and made executable. */
  binary?: { jar: string; entry: string };
}

const folderOf = (name: string): string => join(import.meta.dirname, "..", "..", "engines", name);

export const DYNAMODB: EngineSource = {
  name: "dynamodb",
  title: "DynamoDB Local",
  version: "3.3.1",
  sizeMegabytes: 50,
  folder: folderOf("dynamodb"),
  javaFile: "DynamoDb.java",
};

export const KAFKA: EngineSource = {
  name: "kafka",
  title: "Apache Kafka",
  version: "4.4.0",
  sizeMegabytes: 43,
  folder: folderOf("kafka"),
  javaFile: "KafkaNode.java",
};

/** Redis comes as one binary for each platform. */
export function redisSource(platform: NodeJS.Platform, arch: NodeJS.Architecture): EngineSource {
  const suffix = REDIS_BINARIES[`${platform}-${arch}`] ?? `${platform}-${arch}`;
  return {
    name: "redis",
    title: "Redis",
    version: "7.0.15",
    sizeMegabytes: 26,
    folder: folderOf("redis"),
    binary: { jar: "embedded-redis", entry: `redis-server-7.0.15-${suffix}` },
  };
}

const REDIS_BINARIES: Record<string, string> = {
  "linux-x64": "linux-amd64",
  "linux-arm64": "linux-arm64",
  "darwin-x64": "darwin-amd64",
  "darwin-arm64": "darwin-arm64",
};
