/** Whether a JSON text names one of many users, as a value or as a member's key. The cost does not grow with the users. */
export function createNameFinder(names: readonly string[]): (json: string) => boolean {
  const written = new Set(names.flatMap((name) => [name, `member#${name}`]).map((text) => JSON.stringify(text)));
  return (json) => {
    for (const [text] of json.matchAll(/"(?:[^"\\]|\\.)*"/g)) if (written.has(text)) return true;
    return false;
  };
}
