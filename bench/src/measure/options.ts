/** Throws RangeError for an option that is no whole number from 1 on. */
export function wholeNumber(option: string, text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1)
    throw new RangeError(`${option} must be a whole number from 1 on, not "${text}"`);
  return value;
}
