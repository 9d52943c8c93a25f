import assert from "node:assert/strict";
import { text } from "@maru/client";
import type { ConformanceCase } from "./conformance-case.ts";
import { openRoom, refused } from "./scene.ts";

export const identityCases: readonly ConformanceCase[] = [
  {
    name: "a caller without a token, or with one that is none, is not served",
    calls: [],
    refuses: ["TOKEN_MISSING", "TOKEN_INVALID"],
    async run(context) {
      const roomId = await openRoom(context);
      const ask = (token: string | undefined) => context.withToken(token).rooms.getRoom({ roomId });
      await refused("TOKEN_MISSING", ask(undefined));
      await refused("TOKEN_INVALID", ask("nonsense"));
      const watch = Array.fromAsync(context.withToken("nonsense").events.watchRoom({ roomId }));
      await refused("TOKEN_INVALID", watch);
    },
  },
  {
    name: "a service acts as itself, whatever name it gives, and as no other",
    calls: ["MessageService/SendMessage"],
    refuses: ["CALLER_NOT_ALLOWED"],
    async run(context) {
      const roomId = await openRoom(context);
      const send = (name: string) =>
        context.messages.sendMessage({
          roomId,
          actor: { kind: { case: "service", value: { name } } },
          content: text("hi"),
        });
      const { entry } = await send("");
      assert.deepEqual(entry?.actor?.kind.case === "service" && entry.actor.kind.value.name, entry?.caller);
      await send(entry?.caller ?? "");
      await refused("CALLER_NOT_ALLOWED", send(`not-${entry?.caller}`));
    },
  },
];
