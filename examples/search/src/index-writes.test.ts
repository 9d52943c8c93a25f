import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { eraseSender, putMessage, putText } from "./index-writes.ts";
import { openIndex } from "./open-index.ts";

test("words that were erased or replaced are not even in the bytes of the file", () => {
  const folder = mkdtempSync(join(tmpdir(), "maru-search-"));
  const file = join(folder, "index.sqlite");
  const db = openIndex(file);
  const bytes = () => {
    db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    return readFileSync(file, "latin1");
  };
  try {
    for (let seq = 1; seq <= 50; seq++) {
      putMessage(db, { roomId: "r", seq, sender: seq % 2 === 0 ? "user ann" : "user bob", sentAt: "" });
      putText(db, "r", seq, `${seq % 2 === 0 ? "umbrella" : "violin"} number ${seq}`);
    }
    expect(bytes()).toContain("umbrella");
    eraseSender(db, "r", "user ann");
    expect(bytes()).not.toContain("umbrella");
    expect(bytes()).toContain("violin");
    for (let seq = 1; seq <= 50; seq += 2) putText(db, "r", seq, "cello");
    expect(bytes()).not.toContain("violin");
  } finally {
    db.close();
    rmSync(folder, { recursive: true });
  }
});
