import { expect, test } from "vitest";
import { checkJournal } from "./check-journal.ts";

const line = (roomId: string, seq: number, fingerprint = `${roomId} ${seq}`) => ({ roomId, seq, fingerprint });

test("a journal that has each entry once, in whatever order, has no findings", () => {
  const table = [line("a", 1), line("a", 2), line("b", 1)];
  const findings = checkJournal(table, [line("b", 1), line("a", 1), line("a", 2)]);
  expect(findings).toEqual({ handled: 3, unhandled: 0, handledAgain: 0, handledOther: 0 });
});

test("an entry that was not handled, handled twice, or handled as something else is each found", () => {
  const table = [line("a", 1), line("a", 2), line("a", 3)];
  const journal = [line("a", 1), line("a", 1), line("a", 2, "other"), line("a", 9)];
  expect(checkJournal(table, journal)).toEqual({ handled: 4, unhandled: 1, handledAgain: 1, handledOther: 2 });
});
