import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { View } from "./card-view.ts";

const folder = join(import.meta.dirname, "../../sql/views");

/** The views that every lake has; those of cards stand on them. */
export function readViews(): View[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith(".sql"))
    .sort()
    .map((file) => ({ name: file.slice(0, -".sql".length), sql: readFileSync(join(folder, file), "utf8").trim() }));
}
