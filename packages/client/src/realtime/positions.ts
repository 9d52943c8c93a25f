/** How far the app is in each room: the number of the last entry that it has dealt with. */
export type StoredPositions = Readonly<Record<string, number>>;

/** Keeps positions over page loads, so that an app goes on where it was. */
export interface PositionStorage {
  /** Read once, before anything is followed. When it fails, the connection is closed with that error. */
  load(): StoredPositions | Promise<StoredPositions>;
  /** The app has dealt with the room up to `seq`. A failure is told to `onWarning`. */
  save(roomId: string, seq: number): void | Promise<void>;
}

/**
 * Positions that live as long as the page, to share them between connections.
 *
 * @example memoryPositions({ "room-1": 41 })
 */
export function memoryPositions(start: StoredPositions = {}): PositionStorage {
  const positions = new Map(Object.entries(start));
  return { load: () => Object.fromEntries(positions), save: (roomId, seq) => void positions.set(roomId, seq) };
}

/** What is used of the browser's `localStorage`. */
export interface KeyValueStorage {
  readonly length: number;
  key(index: number): string | null;
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
}

/**
 * Positions in the browser's `localStorage`, one item for each room. It is shared by the tabs of one origin, so the prefix
 * should name the user. Only of use when what the app shows is stored too: a page that reads history anew on each load
 * says where it is itself, `room(roomId, { after })`.
 *
 * @param prefix how its keys begin
 * @example connectRealtime({ url, token, positions: localStoragePositions(`chat/${userId}/`) })
 */
export function localStoragePositions(prefix: string, storage: KeyValueStorage = browserStorage()): PositionStorage {
  return {
    load() {
      const positions: Record<string, number> = {};
      for (let index = 0; index < storage.length; index++) {
        const key = storage.key(index);
        if (key === null || !key.startsWith(prefix)) continue;
        const seq = Number(storage.getItem(key));
        if (Number.isInteger(seq) && seq >= 0) positions[key.slice(prefix.length)] = seq;
      }
      return positions;
    },
    save(roomId, seq) {
      storage.setItem(prefix + roomId, String(seq));
    },
  };
}

function browserStorage(): KeyValueStorage {
  const found: unknown = Reflect.get(globalThis, "localStorage");
  if (found === undefined) throw new TypeError("localStoragePositions: there is no localStorage here");
  return found as KeyValueStorage;
}
