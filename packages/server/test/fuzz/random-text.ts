import type { Dice } from "../model/dice.ts";
import type { ValueRules } from "./field-rules.ts";

const letters = [..."abcxyzABC0189._:-/+ !é한👋\n\t\u0000\u200d<&\"'"];

const alphabets = new Map<string, readonly string[]>();

/** A text that the rules let pass, as far as they are about its length and its letters. */
export function randomText(dice: Dice, rules: ValueRules): string {
  const { minLen = 0, pattern = "" } = rules;
  const maxBytes = Number(rules.maxBytes ?? rules.maxLen ?? 64);
  const min = Number(minLen);
  const wanted = dice.chance(0.03) ? maxBytes : dice.int(min, Math.min(maxBytes, min + 12));
  const alphabet = alphabetOf(pattern);
  let text = "";
  for (let bytes = 0; bytes < wanted; ) {
    const letter = dice.pick(alphabet);
    bytes += Buffer.byteLength(letter);
    if (bytes > maxBytes) break;
    text += letter;
  }
  return text;
}

/** The letters that pass alone. */
function alphabetOf(pattern: string): readonly string[] {
  const known = alphabets.get(pattern);
  if (known !== undefined) return known;
  const passing = letters.filter((letter) => new RegExp(pattern, "u").test(letter));
  alphabets.set(pattern, passing);
  return passing;
}
