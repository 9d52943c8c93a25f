/** Where an export goes: a folder of this machine, or a bucket. */
export interface LakeTarget extends AsyncDisposable {
  /** A folder that no reader of the lake looks into: files grow there until they are whole, beside the pipes they come from. */
  readonly scratch: string;
  /** Makes a whole file the only one of a folder of the lake, in one step; answers its address. */
  publish(file: string, folder: string): Promise<string>;
}

/** What the one file of a day is called. */
export const FILE_NAME = "rows.parquet";
