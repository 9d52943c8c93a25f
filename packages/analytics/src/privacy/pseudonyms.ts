import { createHmac } from "node:crypto";

/** Keyed hashes: without the key nobody can find out by trying whether a row is of a user, or says something. */
export interface Pseudonyms {
  ofUser(userId: string): string;
  /** The same value has different hashes for different users. */
  ofValue(userId: string, json: string): string;
}

/** A key of at least 32 characters, the same for the whole life of a lake: another key makes other pseudonyms. */
export function createPseudonyms(key: string): Pseudonyms {
  if (key.length < 32) throw new RangeError("the key of the lake's hashes must have at least 32 characters");
  const hash = (text: string): string => createHmac("sha256", key).update(text).digest("base64url");
  return {
    ofUser: (userId) => hash(`user\0${userId}`),
    ofValue: (userId, json) => hash(`value\0${userId}\0${json}`),
  };
}
