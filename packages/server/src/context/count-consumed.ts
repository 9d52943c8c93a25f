import { countStoreUnits, type Telemetry } from "../telemetry.ts";

/** For the store: counts what the table charges. */
export function countConsumed(telemetry: Telemetry) {
  return ({ operation, writeUnits, readUnits }: { operation: string; writeUnits: number; readUnits: number }) => {
    telemetry.storeRequests.inc({ operation });
    if (writeUnits > 0) countStoreUnits(telemetry, "write", operation, writeUnits);
    if (readUnits > 0) countStoreUnits(telemetry, "read", operation, readUnits);
  };
}
