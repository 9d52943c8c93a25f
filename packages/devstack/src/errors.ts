/** A program that must be on the machine is not there; the message is one sentence that says what to install. */
export class MissingToolError extends Error {
  override readonly name = "MissingToolError";
}

/** The jars of an engine could not be fetched or compiled. */
export class EngineFetchError extends Error {
  override readonly name = "EngineFetchError";
}

/** An engine ended or stayed silent while starting; the message ends with the last lines of its log and the log's path. */
export class EngineStartError extends Error {
  override readonly name = "EngineStartError";
}

/** Something that only works on an engine that this stack started was asked of one that it merely uses. */
export class ForeignEngineError extends Error {
  override readonly name = "ForeignEngineError";
}

/** The options or the environment ask for something that does not exist or does not fit together. */
export class StackOptionsError extends Error {
  override readonly name = "StackOptionsError";
}
