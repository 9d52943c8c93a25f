import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { referenceFolder, writeReference } from "../scripts/reference.ts";

function pagesOf(folder: string): Record<string, string> {
  return Object.fromEntries(readdirSync(folder).map((page) => [page, readFileSync(join(folder, page), "utf8")]));
}

test("docs/reference is what the contracts say: npm run reference changes nothing", () => {
  const folder = mkdtempSync(join(tmpdir(), "maru-reference-"));
  try {
    writeReference(folder);
    expect(pagesOf(referenceFolder)).toEqual(pagesOf(folder));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test("every link of docs/reference leads to a heading that is there", () => {
  const pages = pagesOf(referenceFolder);
  const anchors = new Set(
    Object.entries(pages).flatMap(([page, text]) =>
      [...text.matchAll(/^#+ \[?([^\]\n]+)/gm)].map(
        ([, title = ""]) => `${page}#${title.toLowerCase().replaceAll(" ", "-")}`,
      ),
    ),
  );
  const broken = Object.entries(pages).flatMap(([page, text]) =>
    [...text.matchAll(/\]\(([a-z]*(?:\.md)?)#([^)]+)\)/gi)]
      .map(([, target, anchor]) => `${target || page}#${anchor}`)
      .filter((link) => !anchors.has(link)),
  );
  expect(anchors.size).toBeGreaterThan(100);
  expect(broken).toEqual([]);
});
