/** How rows become entries, as far as the mapping file leaves it open. */
export interface ImportSettings {
  /** The name of the source, as rooms and entries say it. */
  readonly source: string;
  /** The service that entries name as their caller. */
  readonly caller: string;
  readonly defaultKind: string;
  /** Kinds whose rooms are found by their members. */
  readonly directKinds: readonly string[];
  readonly adminRoles: readonly string[];
  readonly roomIdPrefix: string;
  readonly userIdPrefix: string;
}

export function toRoomId({ roomIdPrefix }: ImportSettings, id: string): string {
  return roomIdPrefix + id;
}

export function toUserId({ userIdPrefix }: ImportSettings, id: string): string {
  return userIdPrefix + id;
}
