import type { Mapping } from "../mapping/mapping.ts";
import type { MessageWithAttachments } from "../room-log/imported-message.ts";
import { quoteName, type SourceClient } from "./source-client.ts";
import { nameOf } from "./source-queries.ts";
import { fieldsByName, toAttachment, toSourceMessage } from "./to-source-row.ts";

/** A message as it is now, with its attachments. */
export async function readOneMessage(
  client: SourceClient,
  mapping: Mapping,
  id: string,
): Promise<MessageWithAttachments | undefined> {
  const { messages, attachments } = mapping;
  const column = (table: typeof messages, field: string) => quoteName(table.columns.get(field) ?? "");
  const [row] = await client.rows(`select * from ${nameOf(messages)} where ${column(messages, "id")} = $1`, [id]);
  if (row === undefined) return undefined;
  const own =
    attachments === undefined
      ? []
      : await client.rows(
          `select * from ${nameOf(attachments)} where ${column(attachments, "message")} = $1 order by ${column(attachments, "id")}`,
          [id],
        );
  return {
    ...toSourceMessage(fieldsByName(messages, row)),
    attachments: own.flatMap((one) =>
      attachments === undefined ? [] : [toAttachment(fieldsByName(attachments, one))],
    ),
  };
}
