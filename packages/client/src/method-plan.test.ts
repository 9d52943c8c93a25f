import { create } from "@bufbuild/protobuf";
import { EventService, MessageService, ReadService, RoomService, SendMessageRequestSchema } from "@maru/protocol";
import { expect, test } from "vitest";
import { planMethod, stringOf, toRequest } from "./method-plan.ts";

test("a read may be repeated because the contract says that it has no side effects", () => {
  expect(planMethod(MessageService.method.listMessages)).toEqual({
    repeatable: true,
    keyField: undefined,
    roomField: "roomId",
  });
});

test("a write may be repeated because it carries a key", () => {
  expect(planMethod(MessageService.method.sendMessage)).toEqual({
    repeatable: true,
    keyField: "idempotencyKey",
    roomField: "roomId",
  });
});

test("a method with neither is never repeated", () => {
  const { sendMessage, getMessage } = MessageService.method;
  const unsafe = { ...sendMessage, input: getMessage.input };
  expect(planMethod(unsafe).repeatable).toBe(false);
});

test("every method of the contract may be repeated", () => {
  const methods = [RoomService, MessageService, EventService, ReadService].flatMap((service) => service.methods);
  expect(methods.filter((method) => !planMethod(method).repeatable)).toEqual([]);
});

test("a request is never the caller's own object", () => {
  const own = create(SendMessageRequestSchema, { roomId: "r" });
  const request = toRequest(SendMessageRequestSchema, own);
  expect(request).toEqual(own);
  expect(request).not.toBe(own);
  expect(stringOf(request, "roomId")).toBe("r");
  expect(stringOf(request, undefined)).toBe("");
});
