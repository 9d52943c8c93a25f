import { randomBytes } from "node:crypto";
import { StackOptionsError } from "./errors.ts";

/**
 * A name for a table, topic, consumer group or key prefix that no other test file and no earlier run has:
 * the prefix, the time and chance, in characters that DynamoDB, Kafka and Redis all accept.
 */
export function scratchName(prefix: string): string {
  if (!/^[A-Za-z0-9-]{1,80}$/.test(prefix)) {
    throw new StackOptionsError(`A scratch name's prefix is 1 to 80 letters, digits and dashes, not "${prefix}".`);
  }
  return `${prefix}-${Date.now().toString(36)}-${randomBytes(4).toString("hex")}`;
}
