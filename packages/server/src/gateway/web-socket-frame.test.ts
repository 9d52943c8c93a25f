import type { Writable } from "node:stream";
import { expect, it } from "vitest";
import * as ws from "ws";
import { toWebSocketFrame } from "./web-socket-frame.ts";

for (const length of [0, 1, 125, 126, 65_535, 65_536, 200_000]) {
  it(`a message of ${length} bytes is read as it was written`, async () => {
    const payload = Buffer.alloc(length, "x");
    for (const isBinary of [true, false]) {
      // The types of ws leave it out.
      const receiver: Writable = Reflect.construct(Reflect.get(ws, "Receiver"), [{ isServer: false }]);
      const read = new Promise((resolve) =>
        receiver.on("message", (data: Buffer, binary: boolean) => resolve([data.toString(), binary])),
      );
      receiver.write(toWebSocketFrame(payload, isBinary));
      expect(await read).toEqual([payload.toString(), isBinary]);
    }
  });
}
