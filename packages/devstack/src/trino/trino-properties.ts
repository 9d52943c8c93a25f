import type { S3Address } from "../object-store/s3-request.ts";

/** Where the tables of the catalog `lake` are described; table data is in buckets of its own. */
export const METASTORE_BUCKET = "metastore";

/** Trino's `config.properties`: a coordinator that also works, on loopback only. */
export function serverProperties(server: { port: number; pluginFolder: string; catalogFolder: string }): string {
  return toProperties({
    coordinator: "true",
    "node-scheduler.include-coordinator": "true",
    "http-server.http.port": String(server.port),
    "http-server.log.enabled": "false",
    "discovery.uri": `http://127.0.0.1:${server.port}`,
    "node.environment": "development",
    "node.internal-address": "127.0.0.1",
    "node.bind-ip": "127.0.0.1",
    // With static catalogs, this node takes queries on `lake` only some time after it takes others.
    "catalog.management": "dynamic",
    "plugin.dir": server.pluginFolder,
    "catalog.config-dir": server.catalogFolder,
    "query.max-memory": "400MB",
    "query.max-memory-per-node": "300MB",
    "memory.heap-headroom-per-node": "200MB",
  });
}

/**
 * The catalog `lake`: tables over files in the object store. A table is in the bucket of its `external_location`, and
 * without one beside its description, which is why a schema takes no location of its own.
 */
export function lakeProperties(store: S3Address, glueEndpoint?: string): string {
  return toProperties({
    "connector.name": "hive",
    ...(glueEndpoint === undefined ? ownCatalog : glueCatalog(store, glueEndpoint)),
    // Tables, views and schemas may be made, replaced and dropped.
    "hive.security": "allow-all",
    "hive.partition-projection-enabled": "true",
    // A projected partition without a folder has no rows.
    "hive.ignore-absent-partitions": "true",
    // A table without partitions has the files of all folders below its own.
    "hive.recursive-directories": "true",
    "hive.non-managed-table-writes-enabled": "true",
    "hive.table-statistics-enabled": "false",
    "hive.collect-column-statistics-on-write": "false",
    "hive.parquet.use-column-names": "true",
    // The other file system needs a plugin that is not there.
    "fs.hadoop.enabled": "false",
    "fs.native-s3.enabled": "true",
    "s3.endpoint": store.endpoint,
    "s3.region": store.region,
    "s3.path-style-access": "true",
    "s3.aws-access-key": store.accessKeyId,
    "s3.aws-secret-key": store.secretAccessKey,
  });
}

const ownCatalog = { "hive.metastore": "file", "hive.metastore.catalog.dir": `s3://${METASTORE_BUCKET}/` };

/** Tables as a Glue catalog describes them, which takes any keys. */
function glueCatalog(store: S3Address, endpoint: string): Record<string, string> {
  return {
    "hive.metastore": "glue",
    "hive.metastore.glue.region": store.region,
    "hive.metastore.glue.endpoint-url": endpoint,
    "hive.metastore.glue.aws-access-key": store.accessKeyId,
    "hive.metastore.glue.aws-secret-key": store.secretAccessKey,
    "hive.metastore.glue.default-warehouse-dir": `s3://${METASTORE_BUCKET}/`,
  };
}

function toProperties(properties: Record<string, string>): string {
  return Object.entries(properties)
    .map(([key, value]) => `${key}=${value}\n`)
    .join("");
}
