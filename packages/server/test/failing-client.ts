import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { TransactionCanceledException, TransactionConflictException } from "@aws-sdk/client-dynamodb";

type Command = "PutItemCommand" | "TransactWriteItemsCommand";

/** The next `count` writes meet another transaction. */
export function conflictNext(client: DynamoDBClient, command: Command, count: number): void {
  let left = count;
  client.middlewareStack.add(
    (next, context) => async (args) => {
      if (context.commandName !== command || left-- <= 0) return next(args);
      const described = { $metadata: {}, message: "Transaction is ongoing for the item" };
      if (command === "PutItemCommand") throw new TransactionConflictException(described);
      throw new TransactionCanceledException({ ...described, CancellationReasons: [{ Code: "TransactionConflict" }] });
    },
    { step: "initialize" },
  );
}

/** The answers of the next `count` requests are lost after they took place, so that the SDK tries again. */
export function loseNextAnswers(
  client: DynamoDBClient,
  command: Command,
  count: number,
): { readonly lost: () => number } {
  let lost = 0;
  client.middlewareStack.add(
    (next, context) => async (args) => {
      if (context.commandName !== command || lost >= count) return next(args);
      lost++;
      await Promise.allSettled([next(args)]);
      throw Object.assign(new Error("socket hang up"), { name: "TimeoutError" });
    },
    { step: "deserialize", priority: "high" },
  );
  return { lost: () => lost };
}
