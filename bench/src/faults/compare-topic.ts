/** One entry, in the table or in the topic. */
export interface SeenEntry {
  readonly roomId: string;
  readonly seq: number;
  /** Stands for all that the entry holds. */
  readonly fingerprint: string;
}

/** How a topic differs from the table. All zero, but for `inTopic` and `repeats`, when nothing was lost. */
export interface TopicFindings {
  /** Entries of the table that are in the topic. */
  readonly inTopic: number;
  /** Events of an entry after its first one. Allowed at any time. */
  readonly repeats: number;
  /** Entries of the table that are not in the topic. */
  readonly missing: number;
  /** First events of an entry that come after an event of a later entry of its room. */
  readonly outOfOrder: number;
  /** Events that are not as the entry in the table, or have none there. */
  readonly different: number;
}

/** @param events of each room in the order in which its partition holds them */
export function compareTopic(table: Iterable<SeenEntry>, events: Iterable<SeenEntry>): TopicFindings {
  const wanted = new Map([...table].map((entry) => [nameOf(entry), entry.fingerprint]));
  const seen = new Set<string>();
  const highest = new Map<string, number>();
  let repeats = 0;
  let outOfOrder = 0;
  let different = 0;
  for (const event of events) {
    const name = nameOf(event);
    if (wanted.get(name) !== event.fingerprint) different++;
    if (seen.has(name)) {
      repeats++;
      continue;
    }
    seen.add(name);
    const last = highest.get(event.roomId) ?? 0;
    if (event.seq < last) outOfOrder++;
    else highest.set(event.roomId, event.seq);
  }
  const inTopic = [...wanted.keys()].filter((name) => seen.has(name)).length;
  return { inTopic, repeats, missing: wanted.size - inTopic, outOfOrder, different };
}

function nameOf({ roomId, seq }: SeenEntry): string {
  return `${roomId}/${seq}`;
}
