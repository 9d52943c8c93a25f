/** What the page is told instead of an answer. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly status: number;
  /** For programs, like the reasons of Maru. */
  readonly reason: string;

  constructor(status: number, reason: string, message: string) {
    super(message);
    this.status = status;
    this.reason = reason;
  }
}
