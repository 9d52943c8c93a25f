/** A function error, as Lambda tells one: `errorType: errorMessage`. */
export class LambdaError extends Error {
  override readonly name = "LambdaError";
  /** What the function threw, by its name; `Runtime.…` and `Sandbox.…` where it is not the function that says so. */
  readonly type: string;

  constructor(type: string, message: string) {
    super(`${type}: ${message}`);
    this.type = type;
  }
}
