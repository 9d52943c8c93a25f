import { expect, test } from "vitest";
import { startWorld } from "../behaviour/world.ts";
import { allCases } from "./all-cases.ts";
import { runAll } from "./run-all.ts";
import { openWires } from "./wires.ts";

test("a server over a table conforms over every wire", { timeout: 300_000 }, async () => {
  await using world = await startWorld();
  const { grpcAddress, httpAddress } = world.place;
  const wires = openWires({ grpcAddress, grpcTls: false, httpUrl: `http://${httpAddress}` });
  const callers = {
    token: await world.tokenOf("tests"),
    otherToken: await world.tokenOf("others"),
    kinds: { group: "group", direct: "direct" },
  };
  const { failures, passed } = await runAll(allCases, wires, callers, () => {});
  for (const wire of wires) await wire.close();
  expect(failures).toEqual([]);
  expect(passed).toBe(allCases.length * wires.length);
});
