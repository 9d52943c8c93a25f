import type { DescField, DescMessage, DescMethod, MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import { create, isMessage, ScalarType } from "@bufbuild/protobuf";
import { MethodOptions_IdempotencyLevel } from "@bufbuild/protobuf/wkt";

/** What the client does with a method: all of it is read from the descriptor, nothing is listed by hand. */
export interface MethodPlan {
  /** Whether a call may be repeated when its outcome is not known. */
  readonly repeatable: boolean;
  /** The request's field `idempotency_key`, if there is one. */
  readonly keyField: string | undefined;
  /** The request's field `room_id`, if there is one. */
  readonly roomField: string | undefined;
}

/** Reads the plan from the method's descriptor. */
export function planMethod(method: DescMethod): MethodPlan {
  const keyField = stringField(method.input, "idempotency_key");
  return {
    repeatable: keyField !== undefined || method.idempotency === MethodOptions_IdempotencyLevel.NO_SIDE_EFFECTS,
    keyField,
    roomField: stringField(method.input, "room_id"),
  };
}

function stringField(message: DescMessage, name: string): string | undefined {
  const field: DescField | undefined = message.fields.find((one) => one.name === name);
  return field?.fieldKind === "scalar" && field.scalar === ScalarType.STRING ? field.localName : undefined;
}

/** The whole request message. Never the caller's own object, so that a key can be filled in. */
export function toRequest<I extends DescMessage>(input: I, init: MessageInitShape<I>): MessageShape<I> {
  return isMessage(init, input) ? Object.assign(Object.create(Object.getPrototypeOf(init)), init) : create(input, init);
}

/** The value of a string field that a plan names; empty when there is none. */
export function stringOf(request: object, field: string | undefined): string {
  return field === undefined ? "" : String(Reflect.get(request, field) ?? "");
}
