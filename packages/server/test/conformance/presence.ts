import assert from "node:assert/strict";
import type { ConformanceCase } from "./conformance-case.ts";
import { fresh } from "./scene.ts";

export const presenceCases: readonly ConformanceCase[] = [
  {
    name: "presence is told for each user in the order of the request, on a server that knows Redis",
    calls: ["PresenceService/BatchGetPresence"],
    async run({ presence }) {
      const userIds = [fresh("user"), fresh("user")];
      const { presences } = await presence.batchGetPresence({ userIds });
      const told = presences.map(({ userId, connected }) => ({ userId, connected }));
      assert.deepEqual(
        told,
        userIds.map((userId) => ({ userId, connected: false })),
      );
    },
  },
];
