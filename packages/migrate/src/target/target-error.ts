/** What is wrong with Maru's side or with this machine, and what to do about it. The command that failed can be repeated then. */
export class TargetError extends Error {
  override readonly name = "TargetError";
}

const advice: Readonly<Record<string, string>> = {
  ResourceNotFoundException:
    "the table is not there: look at --table, --control-table, --region and --endpoint, or run `maru-server setup`",
  AccessDeniedException:
    "allow it in the policy of the role: BatchWriteItem, PutItem, UpdateItem, Query, GetItem, DeleteItem, TransactWriteItems",
  UnrecognizedClientException: "the credentials are not right",
  CredentialsProviderError: "give credentials as AWS documents it, for example AWS_PROFILE",
  ExpiredTokenException: "the credentials have run out: get new ones, and run the same command again",
  ProvisionedThroughputExceededException:
    "the table takes no more: lower --units-per-second, and run the same command again",
  ThrottlingException: "the table takes no more: lower --units-per-second, and run the same command again",
  TimeoutError: "DynamoDB does not answer: look at --endpoint and --region, and run the same command again",
  ENOSPC: "the disk of --out is full: make room, and run the same command again",
  EACCES: "may not be written: look at --out",
  EROFS: "may not be written: look at --out",
};

/** An error of DynamoDB, or of the disk, in words that say what to do; other errors stay as they are. */
export function explainTargetError(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { code } = error as NodeJS.ErrnoException;
  const isDuckDbDisk = /No space left on device/i.test(error.message);
  const known = advice[error.name] ?? advice[isDuckDbDisk ? "ENOSPC" : (code ?? "")];
  return known === undefined ? error : new TargetError(`${error.message}: ${known}`, { cause: error });
}
