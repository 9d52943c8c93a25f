/** What a loop's event is left with when the loop ends at it: nothing failed, and the event comes again. */
export class LoopLeftError extends Error {
  override readonly name = "LoopLeftError";

  /** Made by `consume`. */
  constructor() {
    super("the loop was left at this event, which comes again");
  }
}
