/** Items in order, in parts that are not larger than a limit, but for an item that is larger by itself. */
export function inParts<Item>(items: readonly Item[], sizeOf: (item: Item) => number, maxSize: number): Item[][] {
  const parts: Item[][] = [];
  let size = Number.POSITIVE_INFINITY;
  for (const item of items) {
    const itemSize = sizeOf(item);
    if (size + itemSize > maxSize) {
      parts.push([]);
      size = 0;
    }
    parts.at(-1)?.push(item);
    size += itemSize;
  }
  return parts;
}
