import { adminCases } from "./admin.ts";
import { cardCases } from "./cards.ts";
import type { ConformanceCase } from "./conformance-case.ts";
import { editingCases } from "./editing.ts";
import { holdCases } from "./holds.ts";
import { identityCases } from "./identity.ts";
import { memberCases } from "./members.ts";
import { messageCases } from "./messages.ts";
import { pinCases } from "./pins.ts";
import { presenceCases } from "./presence.ts";
import { reactionCases } from "./reactions.ts";
import { readingCases } from "./reading.ts";
import { requestCases } from "./requests.ts";
import { roomCases } from "./rooms.ts";
import { watchingCases } from "./watching.ts";

/** What every deployment must do, asked by calls alone. */
export const allCases: readonly ConformanceCase[] = [
  ...roomCases,
  ...memberCases,
  ...messageCases,
  ...editingCases,
  ...holdCases,
  ...reactionCases,
  ...pinCases,
  ...cardCases,
  ...readingCases,
  ...watchingCases,
  ...adminCases,
  ...presenceCases,
  ...identityCases,
  ...requestCases,
];
