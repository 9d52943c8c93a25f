import { entrySortKey } from "@maru/server/store/keys.ts";
import { queryItems } from "@maru/server/store/query-items.ts";
import { carryOut } from "../measure/worker.ts";
import { type Load, runLoad } from "../send/load.ts";
import { openTable } from "./open-table.ts";
import { type PageOrders, type Prepare, pageSize } from "./page-orders.ts";

let read: ((caller: number) => Promise<void>) | undefined;

/** The query that the server would make, by the same client; its items are left as the SDK gives them. */
async function prepare({ roomIds }: Prepare): Promise<void> {
  const table = openTable(process.env);
  read = async (caller) => {
    const items = await queryItems(table, "page", {
      roomId: roomIds[caller] ?? "",
      first: entrySortKey(1),
      last: entrySortKey(4_294_967_295),
      descending: true,
      limit: pageSize,
    });
    if (items.length !== pageSize) throw new Error(`the query found ${items.length} items`);
  };
}

function run(load: Load) {
  if (read === undefined) throw new Error("the side was not prepared");
  return runLoad(load, read);
}

carryOut({ prepare, run } satisfies PageOrders);
