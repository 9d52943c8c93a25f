import { paginateScan } from "@aws-sdk/client-dynamodb";
import type { Target } from "@maru/migrate/target/connect-target.ts";
import type { AttributeMap } from "@maru/server/store/attribute-map.ts";

/** All that a copy has written. */
export async function readAllItems({ client, table: TableName }: Target): Promise<AttributeMap[]> {
  const items: AttributeMap[] = [];
  for await (const page of paginateScan({ client }, { TableName })) items.push(...(page.Items ?? []));
  return items;
}
