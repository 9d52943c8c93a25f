import columns from "../lake/event-columns.json" with { type: "json" };
import type { Image } from "./attribute-json.ts";
import { UnreadableRecordError } from "./unreadable.ts";

const typeOf: ReadonlyMap<string, string> = new Map(
  columns.filter(({ Type }) => Type !== "string").map(({ Name, Type }) => [Name, Type]),
);
const maxBigint = 2n ** 63n - 1n;

/**
 * Refuses an attribute that is not of its column's type. In the lake it would be silently another value, or the whole
 * object in which it lies could not be read; a column of text takes all.
 */
export function requireColumnTypes(image: Image): void {
  for (const name in image) {
    const type = typeOf.get(name);
    if (type === undefined || fits(type, image[name] as Image | null)) continue;
    throw new UnreadableRecordError(`${name} holds nothing that its column, a ${type}, takes`);
  }
}

function fits(type: string, attribute: Image | null): boolean {
  if (attribute?.NULL === true) return true;
  if (type === "boolean") return typeof attribute?.BOOL === "boolean";
  const number = attribute?.N;
  if (typeof number !== "string" || !/^-?\d+$/.test(number)) return false;
  if (number.length < 19) return true;
  const value = BigInt(number);
  return value <= maxBigint && value >= -maxBigint - 1n;
}
