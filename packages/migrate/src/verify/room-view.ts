/** A room as people see it, whichever side it is read from. What both sides say must be the same. */
export interface RoomView {
  readonly room: RoomFacts | undefined;
  readonly members: ReadonlyMap<string, MemberView>;
  /** In the order in which people see them. */
  readonly messages: readonly MessageView[];
}

export interface RoomFacts {
  readonly kind: string;
  readonly title: string;
  readonly subject: string;
  readonly closed: boolean;
}

export interface MemberView {
  readonly userId: string;
  readonly present: boolean;
  readonly role: string;
  /** The id of the last message that the user has read, of those that both sides can have; "" when none. */
  readonly readMessageId: string;
}

export interface MessageView {
  /** Its id in the source; "" where it has none there yet. */
  readonly id: string;
  readonly senderId: string;
  readonly createdAt: number;
  readonly editedAt: number | undefined;
  readonly deletedAt: number | undefined;
  readonly replyToId: string;
  /** Empty for what was deleted. */
  readonly text: string;
  readonly attachments: readonly string[];
  /** Its number in the log; undefined in the source. */
  readonly seq?: number;
}
