import { ErrorReason } from "@maru/protocol";
import type { CardTypeReader } from "@maru/server/domain/cards/card-type-store.ts";
import { MaruError } from "@maru/server/errors.ts";
import { expect, test } from "vitest";
import { createOpenCardTypes } from "./open-card-types.ts";

const openWith = (readType: CardTypeReader["readType"]) =>
  createOpenCardTypes({ readType, readDescriptors: async () => undefined }, () => 0)(["shop.v1.Order"]);

test("a type that is not registered is left out", async () => {
  expect(await openWith(async () => undefined)).toEqual(new Map());
});

test("a table that cannot be read now is an error, so that the card waits and does not come without its fields", async () => {
  const away = new MaruError(ErrorReason.STORE_UNAVAILABLE);
  await expect(openWith(() => Promise.reject(away))).rejects.toBe(away);
});
