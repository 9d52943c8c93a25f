/** A name, and what the table adds to each value. */
const valueBytes = 32;

/** About what a value takes in the table, rather too much than too little. */
export function storedBytes(value: unknown): number {
  if (value === undefined) return 0;
  if (typeof value === "string") return valueBytes + Buffer.byteLength(value);
  if (typeof value !== "object" || value === null) return valueBytes;
  if (ArrayBuffer.isView(value)) return valueBytes + value.byteLength;
  let total = valueBytes;
  for (const [name, inner] of value instanceof Map ? value : Object.entries(value)) {
    total += Buffer.byteLength(String(name)) + storedBytes(inner);
  }
  return total;
}
