import { create, toBinary } from "@bufbuild/protobuf";
import { LocationSchema, MediaItemSchema } from "@maru/protocol";
import type { RegisteredType } from "@maru/server/domain/cards/card-types.ts";
import { beforeAll, expect, test } from "vitest";
import { flatten } from "../../src/flatten/flatten.ts";
import { writeLines } from "../../src/lake/rows.ts";
import { parsePersonalData } from "../../src/privacy/parse-personal-data.ts";
import { createPseudonyms } from "../../src/privacy/pseudonyms.ts";
import { cardView } from "../../src/views/card-view.ts";
import { type LakeSql, openLakeSql } from "./lake-sql.ts";

const schemas = [MediaItemSchema, LocationSchema];
const flattening = {
  personalData: parsePersonalData("user_ids: full"),
  pseudonyms: createPseudonyms("k".repeat(32)),
  // As types of cards: messages with numbers of every kind.
  cards: new Map(schemas.map((message) => [message.typeName, { message } as unknown as RegisteredType])),
};

let lake: LakeSql;
let sequenceNumber = 0;
const lines: string[] = [];

function tell(eventName: string, sk: string, attributes: object): void {
  const key = { room_id: { S: "r1" }, sk: { S: sk } };
  const image = eventName === "REMOVE" ? { Keys: key } : { Keys: key, NewImage: { ...key, ...attributes } };
  const change = { ApproximateCreationDateTime: 1_764_000_000, SequenceNumber: String(++sequenceNumber), ...image };
  lines.push(flatten(flattening, { eventName, dynamodb: change }).trimEnd());
}

function message(seq: number, body: object, eventName = "INSERT"): void {
  tell(eventName, `log#${String(seq).padStart(10, "0")}`, {
    ...{ type: { S: "message_sent" }, seq: { N: String(seq) }, created_at: { S: "2026-11-25T10:00:00.123456Z" } },
    ...{ actor: { M: { user_id: { S: "ada" } } }, body: { M: body } },
  });
}

const says = (text: string) => ({ content: { M: { text: { M: { text: { S: text } } } } } });
const card = (type: string, value: Uint8Array) => ({
  content: { M: { card: { M: { type: { S: type }, value: { B: Buffer.from(value).toString("base64") } } } } },
});

beforeAll(async () => {
  lake = await openLakeSql();
  tell("INSERT", "meta", { kind: { S: "group" }, title: { S: "Lunch" }, member_count: { N: "1" } });
  tell("MODIFY", "meta", {
    kind: { S: "group" },
    title: { S: "Dinner" },
    member_count: { N: "2" },
    frozen: { BOOL: true },
  });
  tell("INSERT", "member#ada", { joined_seq: { N: "1" }, role: { S: "MEMBER_ROLE_ADMIN" } });
  tell("INSERT", "member#bob", { joined_seq: { N: "1" } });
  tell("MODIFY", "member#bob", { joined_seq: { N: "1" }, left_seq: { N: "7" }, read_seq: { N: "3" } });
  message(2, says("kept"));
  message(3, says("first"));
  message(3, { ...says("edited"), edit_count: { N: "1" } }, "MODIFY");
  message(4, says("deleted"));
  message(4, { deletion: { M: { seq: { N: "9" } } } }, "MODIFY");
  message(5, { ...says("held"), hold_state: { S: "HOLD_STATE_HELD" } });
  message(6, says("removed by retention"));
  tell("REMOVE", "log#0000000006", {});
  const photo = create(MediaItemSchema, { url: "u", sizeBytes: 18_446_744_073_709_551_615n, widthPx: 640 });
  message(10, card(MediaItemSchema.typeName, toBinary(MediaItemSchema, photo)));
  message(
    11,
    card(LocationSchema.typeName, toBinary(LocationSchema, create(LocationSchema, { latitude: -1.5, label: 'a "b"' }))),
  );
  // Twice, as it may come, and the older row later than the newer one.
  await lake.files.write("events/year=2025/month=11/day=24/hour=16/b.gz", writeLines(lines));
  await lake.files.write("events/year=2025/month=11/day=24/hour=17/a.gz", writeLines(lines.toReversed()));
});

test("messages: as they are now, each once, without what is deleted, held or removed", async () => {
  const { rows } = await lake.query(
    "select seq, text, edit_count, user_id, cast(created_at as varchar) from messages where card_type is null order by seq",
  );
  const at = "2026-11-25 10:00:00.123456000 UTC";
  expect(rows).toEqual([
    [2, "kept", 0, "ada", at],
    [3, "edited", 1, "ada", at],
  ]);
});

test("rooms and members: as they are now, those who left too", async () => {
  expect((await lake.query("select room_id, kind, title, member_count, frozen, closed from rooms")).rows).toEqual([
    ["r1", "group", "Dinner", 2, true, false],
  ]);
  expect(
    (await lake.query("select user_id, is_member, role, left_seq, read_seq from members order by 1")).rows,
  ).toEqual([
    ["ada", true, "MEMBER_ROLE_ADMIN", null, 0],
    ["bob", false, null, 7, 3],
  ]);
});

test("cards of a registered type: a column for each field, with its own type", async () => {
  for (const schema of schemas) await lake.query(cardView(schema).sql);
  const media = await lake.query(
    "select seq, user_id, url, cast(size_bytes as varchar), width_px, duration_ms, name from cards_maru_chat_v1_mediaitem",
  );
  expect(media.rows).toEqual([[10, "ada", "u", "18446744073709551615", 640, 0, ""]]);
  const places = await lake.query("select latitude, longitude, label from cards_maru_chat_v1_location");
  expect(places.rows).toEqual([[-1.5, 0, 'a "b"']]);
});
