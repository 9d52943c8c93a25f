import { create } from "@bufbuild/protobuf";
import { ActorSchema } from "@maru/protocol";
import type { Validate } from "../api/validation.ts";

/** Whether a token's subject is a user by the contract's rules. `validate` must know the schema of actors. */
export function isUserId(validate: Validate, subject: unknown): subject is string {
  if (typeof subject !== "string") return false;
  try {
    validate(ActorSchema, create(ActorSchema, { kind: { case: "userId", value: subject } }));
    return true;
  } catch {
    return false;
  }
}
