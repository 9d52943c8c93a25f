/** A record that cannot become a row, however often it is tried. */
export class UnreadableRecordError extends Error {
  override readonly name = "UnreadableRecordError";
}
