import type { OwnedCase } from "./owned-case.ts";
import { ownedIdentityCases } from "./owned-identity.ts";
import { ownedKindCases } from "./owned-kinds.ts";
import { ownedStoreCases } from "./owned-store.ts";

/** What it takes a server of one's own to see. */
export const ownedCases: readonly OwnedCase[] = [...ownedIdentityCases, ...ownedKindCases, ...ownedStoreCases];
