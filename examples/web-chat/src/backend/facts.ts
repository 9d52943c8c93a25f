import { Refusal } from "./refusal.ts";

/** What the page sent, by name. Each getter refuses what is missing or of another form. */
export interface Facts {
  text(name: string): string;
  texts(name: string): string[];
  /** A whole number from 1 on. */
  count(name: string): number;
}

const maxTextLength = 200;
const maxTexts = 20;

export function factsIn(body: string): Facts {
  const values = parse(body);
  const refuse = (name: string, what: string): never => {
    throw new Refusal(400, "REQUEST_INVALID", `${name} must be ${what}`);
  };
  const isText = (value: unknown): value is string =>
    typeof value === "string" && value.trim() !== "" && value.length <= maxTextLength;
  return {
    text(name) {
      const value = values[name];
      return isText(value) ? value.trim() : refuse(name, `a text of 1 to ${maxTextLength} signs`);
    },
    texts(name) {
      const value = values[name];
      const isGood = Array.isArray(value) && value.length <= maxTexts && value.every(isText);
      return isGood ? value.map((one: string) => one.trim()) : refuse(name, `a list of at most ${maxTexts} texts`);
    },
    count(name) {
      const value = values[name];
      const isGood = typeof value === "number" && Number.isSafeInteger(value) && value > 0;
      return isGood ? value : refuse(name, "a whole number from 1 on");
    },
  };
}

function parse(body: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(body);
    if (typeof value === "object" && value !== null) return value as Record<string, unknown>;
  } catch {
    // Told below.
  }
  throw new Refusal(400, "REQUEST_INVALID", "the request must be a JSON object");
}
