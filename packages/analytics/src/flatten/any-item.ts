import fc from "fast-check";

/** An attribute of any type of DynamoDB, with bytes as bytes. */
export type AnyAttribute =
  | { readonly S: string }
  | { readonly N: string }
  | { readonly B: Uint8Array }
  | { readonly BOOL: boolean }
  | { readonly NULL: true }
  | { readonly SS: readonly string[] }
  | { readonly NS: readonly string[] }
  | { readonly BS: readonly Uint8Array[] }
  | { readonly L: readonly AnyAttribute[] }
  | { readonly M: Readonly<Record<string, AnyAttribute>> };

/** Any text that UTF-8 has, with what is no letter too: control characters, half of a pair of quotes, characters without a name. */
export function anyText(maxLength = 12): fc.Arbitrary<string> {
  const grapheme = fc.string({ unit: "grapheme", maxLength }).filter((one) => one.isWellFormed());
  return fc.oneof(grapheme, fc.string({ unit: "binary", maxLength }));
}

/** Items of every shape, for tests: up to 38 digits, from 1E-130 to 9.99E+125, any text. */
export function anyItem(): fc.Arbitrary<Record<string, AnyAttribute>> {
  const text = anyText();
  const number = fc.oneof(
    fc.integer().map(String),
    fc.bigInt({ min: -(10n ** 37n), max: 10n ** 37n }).map(String),
    fc
      .tuple(fc.bigInt({ min: 1n, max: 10n ** 37n }), fc.integer({ min: 0, max: 37 }))
      .map(([n, at]) => withPoint(n, at)),
    fc
      .tuple(fc.bigInt({ min: -(10n ** 37n), max: 10n ** 37n }), fc.integer({ min: -130, max: 88 }))
      .map(([n, exponent]) => `${n}E${exponent < 0 ? "" : "+"}${exponent}`),
  );
  const bytes = fc.uint8Array({ maxLength: 8 });
  const name = text.filter((one) => one !== "" && one !== "__proto__");
  const { attribute } = fc.letrec<{ attribute: AnyAttribute }>((tie) => ({
    attribute: fc.oneof(
      { maxDepth: 4 },
      text.map((S) => ({ S })),
      number.map((N) => ({ N })),
      bytes.map((B) => ({ B })),
      fc.boolean().map((BOOL) => ({ BOOL })),
      fc.constant({ NULL: true as const }),
      fc.uniqueArray(text, { minLength: 1, maxLength: 4 }).map((SS) => ({ SS })),
      fc.uniqueArray(fc.integer().map(String), { minLength: 1, maxLength: 4 }).map((NS) => ({ NS })),
      fc.uniqueArray(bytes, { minLength: 1, maxLength: 4, selector: String }).map((BS) => ({ BS })),
      fc.array(tie("attribute"), { maxLength: 4 }).map((L) => ({ L })),
      fc.dictionary(name, tie("attribute"), { maxKeys: 4, noNullPrototype: true }).map((M) => ({ M })),
    ),
  }));
  return fc.dictionary(name, attribute, { maxKeys: 6, noNullPrototype: true });
}

function withPoint(digits: bigint, at: number): string {
  const text = String(digits).padStart(at + 1, "0");
  const whole = text.slice(0, text.length - at);
  return at === 0 ? whole : `${whole}.${text.slice(text.length - at)}`;
}

/** As Lambda hands it over. */
export function toLambda(attribute: AnyAttribute): unknown {
  if ("B" in attribute) return { B: Buffer.from(attribute.B).toString("base64") };
  if ("BS" in attribute) return { BS: attribute.BS.map((one) => Buffer.from(one).toString("base64")) };
  if ("L" in attribute) return { L: attribute.L.map(toLambda) };
  if ("M" in attribute) return { M: mapValues(attribute.M, toLambda) };
  return attribute;
}

/** What the row must say, written without any of the code that writes rows. */
export function toPlain(attribute: AnyAttribute): string {
  if ("S" in attribute) return JSON.stringify(attribute.S);
  if ("N" in attribute) return attribute.N;
  if ("B" in attribute) return JSON.stringify(Buffer.from(attribute.B).toString("base64"));
  if ("BOOL" in attribute) return String(attribute.BOOL);
  if ("NULL" in attribute) return "null";
  if ("SS" in attribute)
    return `[${[...attribute.SS]
      .map((one) => JSON.stringify(one))
      .sort()
      .join(",")}]`;
  if ("NS" in attribute) return `[${[...attribute.NS].sort((a, b) => Number(a) - Number(b)).join(",")}]`;
  if ("BS" in attribute) {
    const sorted = [...attribute.BS].sort((a, b) => Buffer.compare(a, b));
    return `[${sorted.map((one) => JSON.stringify(Buffer.from(one).toString("base64"))).join(",")}]`;
  }
  if ("L" in attribute) return `[${attribute.L.map(toPlain).join(",")}]`;
  return `{${Object.entries(attribute.M)
    .map(([name, one]) => `${JSON.stringify(name)}:${toPlain(one)}`)
    .join(",")}}`;
}

function mapValues(values: Readonly<Record<string, AnyAttribute>>, map: (one: AnyAttribute) => unknown): object {
  return Object.fromEntries(Object.entries(values).map(([name, one]) => [name, map(one)]));
}
