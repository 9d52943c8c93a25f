import { expect, test } from "vitest";
import { toAthenaCsv } from "../local/athena.ts";
import { figureText } from "./figures.ts";
import { reportPage } from "./page.ts";
import { parseResult } from "./parse-result.ts";

test("what Athena writes is read back: empty texts, NULL, quotes and commas apart", () => {
  const csv = toAthenaCsv(
    ["region", "messages"],
    [
      ['a,"b"', 3],
      ["", null],
      [null, 0],
    ],
  );
  expect(csv.split("\n")[1]).toBe('"a,""b""","3"');
  expect(parseResult(csv)).toEqual([
    { region: 'a,"b"', messages: "3" },
    { region: "", messages: null },
    { region: null, messages: "0" },
  ]);
});

test("figures are shown with the unit of their column", () => {
  expect(figureText("p50_ms", "950")).toBe("950 ms");
  expect(figureText("p90_ms", "90000")).toBe("90.0 s");
  expect(figureText("share", "0.4567")).toBe("45.7 %");
  expect(figureText("messages", "1234567")).toBe("1,234,567");
  expect(figureText("mean", "2.5")).toBe("2.50");
  expect(figureText("p50_ms", null)).toBe("–");
});

test("the page shows tiles for one row, bars for several, lines for several days, and says what is missing", () => {
  const page = reportPage("2026-11-25", "Asia/Seoul", [
    {
      statistic: { name: "messages", sentence: "Messages <sent>." },
      results: [
        { day: "2026-11-24", rows: [{ messages: "10" }] },
        { day: "2026-11-25", rows: [{ messages: "12345" }] },
      ],
    },
    {
      statistic: { name: "messages_by_region", sentence: "By region." },
      results: [{ day: "2026-11-25", rows: [{ region: "Jeju & more", messages: "7" }] }],
    },
    { statistic: { name: "cards", sentence: "Cards." }, results: [] },
    { statistic: { name: "rooms_opened", sentence: "Rooms." }, results: [{ day: "2026-11-25", rows: [] }] },
  ]);
  expect(page).toContain("<b>12,345</b><span>messages</span>");
  expect(page).toContain("Messages &lt;sent&gt;.");
  expect(page).toContain('<td>Jeju &amp; more</td><td class="figure">7</td>');
  expect(page.match(/<svg/g)).toHaveLength(2);
  expect(page).toContain("No result of this day.");
  expect(page).toContain("Nothing on this day.");
  expect(page).not.toContain("<script");
});
