import { expect, test } from "vitest";
import { changePosition, lsnOf, snapshotPosition } from "../room-log/position.ts";
import { lsnBefore } from "./replication.ts";

test("an acknowledgement is one byte lower, so that a commit that begins right behind is not lost", () => {
  expect(lsnBefore("16/B374D848")).toBe("16/B374D847");
  expect(lsnBefore("1/0")).toBe("0/FFFFFFFF");
  expect(lsnBefore("0/0")).toBe("0/0");
});

test("places are in the order of the log, and a snapshot is before the commit at its end", () => {
  const inOrder = [
    snapshotPosition("0/FFFFFFFF"),
    snapshotPosition("1/0"),
    changePosition("1/0", 0),
    changePosition("1/0", 10),
    changePosition("00000001/0000000A", 2),
  ];
  expect(inOrder.toSorted()).toEqual(inOrder);
  expect(lsnOf(changePosition("16/B374D848", 3))).toBe("16/B374D848");
});
