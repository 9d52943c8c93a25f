import { expect, test } from "vitest";
import { hueOf, initialsOf, nameOf, namesOf, userIdOf } from "./people.ts";

test("whatever is typed as a name becomes an id that is the same for the same name", () => {
  expect(["Ada", " ada ", "Ada Lovelace", "Ærøskøbing!", "山田 花子"].map(userIdOf)).toEqual([
    "ada",
    "ada",
    "ada-lovelace",
    "ærøskøbing",
    "山田-花子",
  ]);
  expect(["", "  ", "#!", "-"].map(userIdOf)).toEqual([undefined, undefined, undefined, "-"]);
});

test("ids are shown as names", () => {
  expect(nameOf("ada-lovelace")).toBe("Ada Lovelace");
  expect([["ada"], ["ada", "bob"], ["ada", "bob", "eve"], ["a", "b", "c", "d"]].map((ids) => namesOf(ids))).toEqual([
    "Ada",
    "Ada and Bob",
    "Ada, Bob and 1 other",
    "A, B and 2 others",
  ]);
  expect(["Ada Lovelace", "Ada", "Ada King Lovelace", ""].map(initialsOf)).toEqual(["AL", "A", "AL", ""]);
  expect(hueOf("ada")).toBe(hueOf("ada"));
  expect(hueOf("ada")).not.toBe(hueOf("bob"));
});
