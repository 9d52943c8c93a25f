import { expect, test } from "vitest";
import { type KeyValueStorage, localStoragePositions } from "./positions.ts";

function fakeStorage(start: Record<string, string>): KeyValueStorage & { readonly items: Map<string, string> } {
  const items = new Map(Object.entries(start));
  return {
    items,
    get length() {
      return items.size;
    },
    key: (index) => [...items.keys()][index] ?? null,
    getItem: (key) => items.get(key) ?? null,
    setItem: (key, value) => void items.set(key, value),
  };
}

test("positions lie in the browser's storage under the prefix, and what is none of them is passed over", () => {
  const storage = fakeStorage({ "chat/a": "7", other: "9", "chat/b": "seven" });
  const positions = localStoragePositions("chat/", storage);
  expect(positions.load()).toEqual({ a: 7 });
  positions.save("c", 3);
  expect(storage.items.get("chat/c")).toBe("3");
});
