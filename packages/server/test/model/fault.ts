/** A rule of the log taken out: each text to replace must occur exactly once in its file. */
export interface PlantedFault {
  readonly name: string;
  readonly edits: readonly Edit[];
}

interface Edit {
  /** Within `src/domain`. */
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

export function fault(name: string, file: string, find: string, replace: string, ...more: Edit[]): PlantedFault {
  return { name, edits: [{ file, find, replace }, ...more] };
}
