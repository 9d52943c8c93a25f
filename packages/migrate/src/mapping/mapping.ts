/** Which of the source's tables and columns are what. */
export interface Mapping {
  readonly file: string;
  readonly rooms: TableMapping;
  readonly participants: TableMapping;
  readonly messages: TableMapping;
  readonly attachments: TableMapping | undefined;
  readonly target: TargetMapping;
}

export interface TableMapping {
  readonly schema: string;
  readonly table: string;
  /** Columns by the names that the mapping has for them; what is not mapped is not there. */
  readonly columns: ReadonlyMap<string, string>;
  /** Where the file says so, for problems that are found later. */
  readonly line: (field: string) => number;
}

export interface TargetMapping {
  readonly default_kind: string;
  readonly direct_kinds: readonly string[];
  readonly admin_roles: readonly string[];
  readonly room_id_prefix: string;
  readonly user_id_prefix: string;
  readonly source: string;
}

export interface FieldRule {
  readonly name: string;
  readonly required: boolean;
  readonly type: "id" | "text" | "time" | "number";
}

const need = (name: string, type: FieldRule["type"]): FieldRule => ({ name, required: true, type });
const may = (name: string, type: FieldRule["type"]): FieldRule => ({ name, required: false, type });

/** What a mapping file may say of each table. */
export const tableRules = {
  rooms: [
    need("id", "id"),
    need("created_at", "time"),
    may("kind", "text"),
    may("title", "text"),
    may("subject", "text"),
    may("creator", "id"),
    may("closed_at", "time"),
  ],
  participants: [
    need("id", "id"),
    need("room", "id"),
    need("user", "id"),
    need("joined_at", "time"),
    may("role", "text"),
    may("left_at", "time"),
    may("read_message", "id"),
  ],
  messages: [
    need("id", "id"),
    need("room", "id"),
    need("sender", "id"),
    need("text", "text"),
    need("created_at", "time"),
    may("reply_to", "id"),
    may("edited_at", "time"),
    may("deleted_at", "time"),
  ],
  attachments: [
    need("id", "id"),
    need("message", "id"),
    need("url", "text"),
    need("media_type", "text"),
    may("size_bytes", "number"),
    may("width_px", "number"),
    may("height_px", "number"),
    may("name", "text"),
  ],
} as const satisfies Record<string, readonly FieldRule[]>;

export const targetDefaults: TargetMapping = {
  default_kind: "group",
  direct_kinds: [],
  admin_roles: ["admin", "owner"],
  room_id_prefix: "",
  user_id_prefix: "",
  source: "postgresql",
};

/** All that is wrong with a mapping file, each with its line. */
export class MappingError extends Error {
  override readonly name = "MappingError";
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`the mapping file cannot be used:\n${problems.map((problem) => `  ${problem}`).join("\n")}`);
    this.problems = problems;
  }
}
