import { type LakeTable, projectionParameters, withSlash } from "./create-table-sql.ts";
import { toHiveType } from "./lake-type.ts";

/** Glue's TableInput of exported files, for `AWS::Glue::Table` or for glue:CreateTable. */
export function tableInput(table: LakeTable) {
  const parquet = "org.apache.hadoop.hive.ql.io.parquet";
  return {
    Name: table.name,
    TableType: "EXTERNAL_TABLE",
    Parameters: { EXTERNAL: "TRUE", classification: "parquet", ...projectionParameters(table.location, table.years) },
    PartitionKeys: ["year", "month", "day"].map((key) => ({ Name: key, Type: "string" })),
    StorageDescriptor: {
      Location: withSlash(table.location),
      // Glue has none by default, and Trino needs the number.
      NumberOfBuckets: -1,
      InputFormat: `${parquet}.MapredParquetInputFormat`,
      OutputFormat: `${parquet}.MapredParquetOutputFormat`,
      SerdeInfo: { SerializationLibrary: `${parquet}.serde.ParquetHiveSerDe` },
      Columns: table.columns.map(({ name, type }) => ({ Name: name, Type: toHiveType(type) })),
    },
  };
}
