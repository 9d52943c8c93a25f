import { describe, expect, test } from "vitest";
import { parseAddresses } from "./address.ts";

describe("addresses", () => {
  test("host:port is gRPC, a URL is Connect", () => {
    expect(parseAddresses(["Chat.internal:7250", "[::1]:7250", "https://chat.example/maru/"])).toEqual([
      { protocol: "grpc", name: "chat.internal:7250", secure: false },
      { protocol: "grpc", name: "[::1]:7250", secure: false },
      { protocol: "connect", name: "https://chat.example/maru", secure: true },
    ]);
  });

  test("one that is given twice counts once", () => {
    expect(parseAddresses(["a:1", " A:1 "])).toHaveLength(1);
  });

  test.each(["", "chat", "chat:0", "chat:99999", "grpc://chat:1", "http://", "http://a?b=c", "u@chat:1"])(
    "%j is refused by name",
    (address) => {
      expect(() => parseAddresses(address)).toThrow(`"${address}" is no address`);
    },
  );

  test("none at all is refused", () => {
    expect(() => parseAddresses([])).toThrow("at least one address");
  });
});
