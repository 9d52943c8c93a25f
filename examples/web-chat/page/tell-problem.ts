import { byId } from "./element.ts";

const shownMs = 6_000;
let timer: ReturnType<typeof setTimeout> | undefined;

/** Shows for a while what went wrong. */
export function tellProblem(error: unknown): void {
  const toast = byId("problem", "p");
  toast.textContent = whyFailed(error);
  toast.hidden = false;
  clearTimeout(timer);
  timer = setTimeout(() => {
    toast.hidden = true;
  }, shownMs);
}

export function whyFailed(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
