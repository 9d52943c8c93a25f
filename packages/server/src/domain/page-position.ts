/**
 * What the position in a page token may be, as the contract says of the field that it stands for. A token can be made by
 * anybody, and what no such field holds must not come to the store.
 */
export type IsPosition = (text: string) => boolean;

export const isUserId: IsPosition = (text) =>
  isWithin(text, 128) && [...text].every((character) => character >= " " && character !== "\u007f");

/** Of rooms and jobs. */
export const isId: IsPosition = (text) => /^[A-Za-z0-9._:-]{1,128}$/.test(text);

export const isCardTypeName: IsPosition = (text) =>
  isWithin(text, 256) && /^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*$/.test(text);

function isWithin(text: string, maxBytes: number): boolean {
  const bytes = Buffer.byteLength(text);
  return bytes > 0 && bytes <= maxBytes;
}
