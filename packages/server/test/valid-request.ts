import {
  create,
  type DescField,
  type DescMessage,
  type DescMethod,
  type Message,
  ScalarType,
} from "@bufbuild/protobuf";
import { createValidator } from "@bufbuild/protovalidate";

const validator = createValidator();

/**
 * What the fields with these names are to say, wherever they stand in the request; `actor` is the name of the member to
 * be set: userId, service or system.
 */
export type Given = Readonly<Record<string, string>>;

/**
 * A request that the contract's rules let pass, made from its descriptor: fields get a value when a rule asks for one,
 * and `given` ones always. Throws for a request that it cannot make good.
 */
export function validRequest({ input }: DescMethod, given: Given): Message {
  const request = create(input);
  for (const field of input.fields) if (mentions(field, given)) fill(request, field, given);
  for (let n = 0; n < 20; n++) {
    const result = validator.validate(input, request);
    if (result.kind === "valid") return request;
    if (result.kind === "error") throw result.error;
    const [step] = result.violations[0]?.field ?? [];
    if (step?.kind !== "field") break;
    fill(request, step, given);
  }
  throw new Error(`no good ${input.typeName} could be made: ${JSON.stringify(request)}`);
}

function mentions({ name, message }: DescField, given: Given): boolean {
  return singular(name) in given || (message?.fields.some((inner) => singular(inner.name) in given) ?? false);
}

const singular = (name: string) => name.replace(/s$/, "");

function fill(message: Message, field: DescField, given: Given): void {
  const one = () => sampleOf(field, given);
  if (field.oneof !== undefined) {
    Reflect.set(message, field.oneof.localName, { case: field.localName, value: one() });
  } else if (field.fieldKind !== "map") {
    Reflect.set(message, field.localName, field.fieldKind === "list" ? [one()] : one());
  }
}

function sampleOf(field: DescField, given: Given): unknown {
  if (field.message !== undefined) return filled(field.message, given);
  if (field.enum !== undefined) return field.enum.values.find(({ number }) => number > 0)?.number;
  switch (field.scalar) {
    case ScalarType.STRING:
      return given[singular(field.name)] ?? "x";
    case ScalarType.BYTES:
      return Uint8Array.of(1);
    case ScalarType.BOOL:
      return true;
    default:
      return 1;
  }
}

/** The first member of a oneof, and what the names ask for. */
function filled(desc: DescMessage, given: Given): Message {
  const message = create(desc);
  for (const { fields } of desc.oneofs) {
    const chosen = fields.find(({ localName }) => localName === given[desc.name.toLowerCase()]) ?? fields[0];
    if (chosen !== undefined) fill(message, chosen, given);
  }
  for (const field of desc.fields) {
    if (field.oneof === undefined && field.fieldKind === "scalar") fill(message, field, given);
  }
  return message;
}
