import { patch } from "./patch.ts";

/**
 * Brings the children of `parent` in line with `items`. What is the same thing stays the same node, so that focus, scrolling and
 * screen readers are left in peace.
 */
export function drawList<T>(
  parent: HTMLElement,
  items: readonly T[],
  { keyOf, draw }: { readonly keyOf: (item: T) => string; readonly draw: (item: T) => HTMLElement },
): void {
  const before = new Map([...parent.children].map((child) => [(child as HTMLElement).dataset.key ?? "", child]));
  let next = parent.firstElementChild;
  for (const item of items) {
    const key = keyOf(item);
    const drawn = draw(item);
    drawn.dataset.key = key;
    const known = before.get(key);
    before.delete(key);
    if (known === undefined) {
      parent.insertBefore(drawn, next);
      continue;
    }
    if (known === next) next = next.nextElementSibling;
    else parent.insertBefore(known, next);
    patch(known, drawn);
  }
  for (const gone of before.values()) gone.remove();
}
