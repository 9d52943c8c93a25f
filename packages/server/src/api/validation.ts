import { create, type DescMessage, type Message } from "@bufbuild/protobuf";
import { pathToString } from "@bufbuild/protobuf/reflect";
import { createValidator } from "@bufbuild/protovalidate";
import { ErrorReason } from "@maru/protocol";
import { MaruError } from "../errors.ts";

/** Throws INVALID_REQUEST when the message breaks the rules that stand in the contract. */
export type Validate = (schema: DescMessage, message: Message) => void;

/** Compiles the rules of these requests now, so that no call waits for it, and a wrong rule stops the start. */
export function compileValidation(requests: readonly DescMessage[]): Validate {
  const validator = createValidator({ regexMatch: matchPattern() });
  for (const schema of requests) {
    const result = validator.validate(schema, create(schema));
    if (result.kind === "error") {
      throw result.error;
    }
  }
  return (schema, message) => {
    const result = validator.validate(schema, message);
    if (result.kind === "invalid") {
      const violations = result.violations.map((violation) => ({
        field: pathToString(violation.field),
        description: violation.message || violation.ruleId,
      }));
      const [first] = violations;
      const message = first === undefined ? undefined : `${first.field || "the request"}: ${first.description}`;
      throw new MaruError(
        ErrorReason.INVALID_REQUEST,
        message === undefined ? { violations } : { violations, message },
      );
    }
    if (result.kind === "error") {
      throw result.error;
    }
  };
}

/**
 * The engine of the platform instead of the library's own, which takes several times as long. The patterns are ours,
 * and none of them backtracks.
 */
function matchPattern(): (pattern: string, against: string) => boolean {
  const compiled = new Map<string, RegExp>();
  return (pattern, against) => {
    let expression = compiled.get(pattern);
    if (expression === undefined) {
      expression = new RegExp(pattern, "u");
      compiled.set(pattern, expression);
    }
    return expression.test(against);
  };
}
