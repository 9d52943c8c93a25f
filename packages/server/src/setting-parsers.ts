/** Reads the text of one setting; throws an Error whose message ends the sentence "NAME …". */
export interface SettingParser<T> {
  /** What the reference says of its values. */
  readonly form: string;
  parse(text: string, readFile: ReadFile): T;
}

export type ReadFile = (path: string) => Buffer;

function parser<T>(form: string, parse: SettingParser<T>["parse"]): SettingParser<T> {
  return { form, parse };
}

export const text = parser("text", (value) => value);

export function wholeNumber(min: number, max: number = Number.MAX_SAFE_INTEGER): SettingParser<number> {
  const range = max === Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `from ${min} to ${max}`;
  return parser(`whole number ${range}`, (value) => {
    const number = /^\d+$/.test(value) ? Number(value) : Number.NaN;
    if (!(number >= min && number <= max)) {
      throw new Error(`must be a whole number ${range}, not "${value}"`);
    }
    return number;
  });
}

/** The longest delay that a timer can have, 24 days. */
export const durationMs = wholeNumber(1, 2 ** 31 - 1);
export const sizeBytes = wholeNumber(1);

export function oneOf<const Value extends string>(values: readonly Value[]): SettingParser<Value> {
  const form = values.map((value) => `\`${value}\``).join(", ");
  return parser(`one of ${form}`, (given) => {
    const value = values.find((one) => one === given);
    if (value === undefined) {
      throw new Error(`must be one of ${values.join(", ")}, not "${given}"`);
    }
    return value;
  });
}

/** At least one of the values, separated by commas. */
export function someOf<const Value extends string>(values: readonly Value[]): SettingParser<readonly Value[]> {
  const one = oneOf(values);
  return parser(`some of ${values.map((value) => `\`${value}\``).join(", ")}, separated by commas`, (given, files) => {
    const names = list.parse(given, files);
    if (names.length === 0) {
      throw new Error(`must name some of ${values.join(", ")}`);
    }
    return names.map((name) => one.parse(name, files));
  });
}

export const onOff: SettingParser<boolean> = parser("`on` or `off`", (value) => {
  if (value !== "on" && value !== "off") {
    throw new Error(`must be on or off, not "${value}"`);
  }
  return value === "on";
});

export const list: SettingParser<readonly string[]> = parser("texts, separated by commas", (value) =>
  value
    .split(",")
    .map((one) => one.trim())
    .filter((one) => one !== ""),
);

const hostPort = /^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+):(\d{1,5})$/;

function checkAddress(value: string, lowestPort: number): string {
  const port = Number(hostPort.exec(value)?.[2] ?? Number.NaN);
  if (!(port >= lowestPort && port <= 65_535)) {
    throw new Error(`must be host:port, like 127.0.0.1:8080 or [::1]:8080, not "${value}"`);
  }
  return value;
}

export const listenAddress = parser("`host:port`; port 0 takes a free one", (value) => checkAddress(value, 0));

export const address: SettingParser<string> = parser("`host:port`", (value) => checkAddress(value, 1));

export const addresses: SettingParser<readonly string[]> = parser("`host:port`, separated by commas", (value, files) =>
  list.parse(value, files).map((one) => checkAddress(one, 1)),
);

export const httpUrl = parser("address that begins with `http://` or `https://`", (value) => {
  if (!URL.canParse(value) || !/^https?:$/.test(new URL(value).protocol)) {
    throw new Error(`must be an address like http://127.0.0.1:8000, not "${value}"`);
  }
  return value;
});

function readSettingFile(path: string, readFile: ReadFile): Buffer {
  try {
    return readFile(path);
  } catch (error) {
    throw new Error(`names a file that cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}

export const pemFile: SettingParser<Buffer> = parser("path of a PEM file", (path, readFile) => {
  const content = readSettingFile(path, readFile);
  if (!content.includes("-----BEGIN ")) {
    throw new Error(`names a file that is not PEM: ${path}`);
  }
  return content;
});

/** A secret in a file, without the line end that editors and shells put there. */
export const secretFile = parser("path of a file", (path, readFile) =>
  readSettingFile(path, readFile)
    .toString("utf8")
    .replace(/\r?\n$/, ""),
);

/** Read when the server starts, so that a wrong path is told, and again later: it stays a path. */
export const readFilePath = parser("path of a file", (path, readFile) => {
  readSettingFile(path, readFile);
  return path;
});

export const keySetFile: SettingParser<string> = parser("path of a JSON Web Key Set", (path, readFile) => {
  const text = readSettingFile(path, readFile).toString("utf8");
  if (!isKeySet(text)) throw new Error(`names a file that is not a JSON Web Key Set: ${path}`);
  return path;
});

function isKeySet(text: string): boolean {
  try {
    const { keys } = JSON.parse(text) as { readonly keys?: unknown };
    return Array.isArray(keys);
  } catch {
    return false;
  }
}
