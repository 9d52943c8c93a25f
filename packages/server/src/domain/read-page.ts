export interface Page<Item> {
  readonly items: Item[];
  /** The last item where the list goes on behind it; undefined on the last page. */
  readonly goOnAfter: Item | undefined;
}

/** Reads one more than the page holds: only then it is known whether the page is the last one. */
export async function readPage<Item>(size: number, read: (limit: number) => Promise<Item[]>): Promise<Page<Item>> {
  const found = await read(size + 1);
  const items = found.slice(0, size);
  return { items, goOnAfter: found.length > size ? items.at(-1) : undefined };
}
