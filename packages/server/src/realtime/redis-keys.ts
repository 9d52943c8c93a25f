/**
 * What is kept under an id lies in one slot, by a hash tag that is the whole id. Redis reads a tag from the first `{` to the
 * first `}` after it, so neither may stand in the id as it is.
 */
function tagged(kind: string, id: string): string {
  return `${kind}:{${id.replace(/[%{}]/g, (sign) => escapes[sign] ?? sign)}}`;
}

const escapes: Readonly<Record<string, string>> = { "%": "%25", "{": "%7B", "}": "%7D" };

/** Hash: the nodes that a user is connected to. */
export const sessionsKey = (userId: string): string => tagged("sessions", userId);

/** Hash: the nodes that follow a room. */
export const followersKey = (roomId: string): string => tagged("followers", roomId);

/** Key that says that a node is alive, and name of the channel on which it hears. */
export const nodeKey = (nodeId: string): string => tagged("node", nodeId);

/** Hash: number and bytes of the newest entry of a room that was published. */
export const tailKey = (roomId: string): string => tagged("tail", roomId);

/** Sorted set: the rooms of a user, by the time of their newest entry. */
export const inboxKey = (userId: string): string => tagged("inbox", userId);

/** Whether a user's inbox is complete, or who builds it. */
export const inboxStateKey = (userId: string): string => tagged("inbox-state", userId);

/** Set: the rooms of a user with so many members that their inboxes are not raised at each entry. */
export const largeRoomsKey = (userId: string): string => tagged("inbox-large", userId);
