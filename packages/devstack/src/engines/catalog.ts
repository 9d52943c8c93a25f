import { join } from "node:path";

interface Source {
  name: "dynamodb" | "kafka" | "redis" | "trino" | "versitygw";
  title: string;
  version: string;
  sizeMegabytes: number;
  /** Under `engines/`: holds the files that pin the engine's version. */
  folder: string;
}

/** An engine that Maven fetches: its folder has a `pom.xml` and, where needed, one Java class. */
export interface MavenSource extends Source {
  /** Compiled against the jars, into a jar of its own. */
  javaFile?: string;
  /** Taken out of the fetched jar whose name starts with `jar`, and made executable. */
  binary?: { jar: string; entry: string };
  /** The pom has an execution `plugins`, which unpacks what the engine loads beside its class path. */
  hasPlugins?: boolean;
}

/** An engine that is built with Go: its folder has a `go.mod` and a `go.sum`. */
export interface GoSource extends Source {
  goPackage: string;
}

/** An engine that can be fetched. */
export type EngineSource = MavenSource | GoSource;

const folderOf = (name: string): string => join(import.meta.dirname, "..", "..", "engines", name);

export const DYNAMODB: MavenSource = {
  name: "dynamodb",
  title: "DynamoDB Local",
  version: "3.3.1",
  sizeMegabytes: 50,
  folder: folderOf("dynamodb"),
  javaFile: "DynamoDb.java",
};

export const KAFKA: MavenSource = {
  name: "kafka",
  title: "Apache Kafka",
  version: "4.4.0",
  sizeMegabytes: 43,
  folder: folderOf("kafka"),
  javaFile: "KafkaNode.java",
};

export const TRINO: MavenSource = {
  name: "trino",
  title: "Trino",
  version: "435",
  sizeMegabytes: 260,
  folder: folderOf("trino"),
  javaFile: "Trino.java",
  hasPlugins: true,
};

/** The S3 object store. */
export const VERSITYGW: GoSource = {
  name: "versitygw",
  title: "Versity S3 Gateway",
  version: "1.8.0",
  sizeMegabytes: 110,
  folder: folderOf("versitygw"),
  goPackage: "github.com/versity/versitygw/cmd/versitygw",
};

/** Redis comes as one binary for each platform. */
export function redisSource(platform: NodeJS.Platform, arch: NodeJS.Architecture): MavenSource {
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
