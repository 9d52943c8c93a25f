import { ErrorReason } from "@maru/protocol";
import { MaruError } from "../../errors.ts";

/** What UpdateRoom is to change. */
export interface RoomMask {
  readonly title: boolean;
  /** All of them, or those with these names. */
  readonly attributes: "all" | ReadonlySet<string>;
}

const ofOneAttribute = "attributes.";

export function toRoomMask(paths: readonly string[]): RoomMask {
  if (paths.length === 0) throw invalidMask("", "names nothing to change");
  const names = new Set<string>();
  for (const path of paths) {
    if (path === "title" || path === "attributes") continue;
    const name = path.startsWith(ofOneAttribute) ? path.slice(ofOneAttribute.length) : "";
    if (name === "") throw invalidMask(path, 'may name "title", "attributes" and "attributes.<name>"');
    names.add(name);
  }
  return { title: paths.includes("title"), attributes: paths.includes("attributes") ? "all" : names };
}

const shownLength = 100;

/** An error travels in headers, so a path of any length does not. */
function invalidMask(path: string, description: string): MaruError {
  const field = path.length > shownLength ? `${path.slice(0, shownLength).toWellFormed()}…` : path;
  return new MaruError(ErrorReason.FIELD_MASK_INVALID, {
    metadata: { field },
    violations: [{ field: "update_mask", description }],
  });
}
