type Reviver = (name: string, value: unknown, context: { readonly source: string }) => unknown;

const exactly: Reviver = (_, value, { source }) => (typeof value === "number" ? { decimal: toDecimal(source) } : value);

/** What a text of JSON says, with each number as the decimal that it is: never as a double. */
export function parseExactly(json: string): unknown {
  // TypeScript does not know of the third parameter yet.
  return JSON.parse(json, exactly as (name: string, value: unknown) => unknown);
}

/** One text for each value: its digits without zeros at either end, and where they stand. */
export function toDecimal(number: string): string {
  const [, sign, whole = "", fraction = "", exponent = "0"] =
    /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(number) ?? [];
  if (sign === undefined) throw new Error(`${number} is no number of JSON`);
  const digits = `${whole}${fraction}`.replace(/^0+/, "");
  const short = digits.replace(/0+$/, "");
  if (short === "") return "0";
  return `${sign}${short}e${Number(exponent) - fraction.length + digits.length - short.length}`;
}
