import type { Mapping } from "../mapping/mapping.ts";
import { quoteName, type SourceClient } from "../source/source-client.ts";
import { nameOf } from "../source/source-queries.ts";

/** Which rooms are meant: some, a share of all (the same ones each time, and among those of a larger share), or all. */
export type RoomChoice =
  | { readonly kind: "rooms"; readonly ids: readonly string[] }
  | { readonly kind: "share"; readonly percent: number }
  | { readonly kind: "all" };

const pageRooms = 1_000;

/** Ids in the source, in pages. */
export async function* chooseRooms(
  client: SourceClient,
  mapping: Mapping,
  choice: RoomChoice,
): AsyncGenerator<string[]> {
  if (choice.kind === "rooms") return yield [...choice.ids];
  const id = quoteName(mapping.rooms.columns.get("id") ?? "id");
  const share = choice.kind === "all" ? "true" : `(hashint8(${id}::bigint) & 2147483647) % 100 < ${choice.percent}`;
  for (let after = "-9223372036854775808"; ; ) {
    const sql = `select ${id} as id from ${nameOf(mapping.rooms)} where ${id} > $1 and ${share} order by ${id} limit ${pageRooms}`;
    const ids = (await client.rows(sql, [after])).map((row) => row.id ?? "");
    if (ids.length > 0) yield ids;
    if (ids.length < pageRooms) return;
    after = ids.at(-1) ?? after;
  }
}
