import { clone, type DescField, type DescMessage, type Message, type MessageShape } from "@bufbuild/protobuf";

/**
 * The message with the entries of its maps, at any depth, sorted by key. Other languages write maps in any order, and
 * another one at each try. A message in which there is nothing to sort is returned as it is.
 */
export function withSortedMaps<Desc extends DescMessage>(
  schema: Desc,
  message: MessageShape<Desc>,
): MessageShape<Desc> {
  const isSortable = [...mapsIn(schema, message)].some(
    ({ holder, name }) => Object.keys(holder[name] as object).length > 1,
  );
  if (!isSortable) return message;
  const copy = clone(schema, message);
  for (const { holder, name } of mapsIn(schema, copy)) {
    holder[name] = Object.fromEntries(Object.entries(holder[name] as object).sort(([a], [b]) => (a < b ? -1 : 1)));
  }
  return copy;
}

type Fields = Record<string, unknown>;

function* mapsIn(schema: DescMessage, message: Message): Generator<{ holder: Fields; name: string }, void> {
  if (!mayHoldMap(schema)) return;
  const holder = message as unknown as Fields;
  for (const field of schema.fields) {
    const value = fieldValue(field, holder);
    if (value === undefined) continue;
    const inner = field.message;
    if (inner !== undefined) {
      const messages = field.fieldKind === "message" ? [value] : Object.values(value as object);
      for (const each of messages) yield* mapsIn(inner, each as Message);
    }
    if (field.fieldKind === "map") yield { holder, name: field.localName };
  }
}

function fieldValue(field: DescField, holder: Fields): unknown {
  if (field.oneof === undefined) return holder[field.localName];
  const { case: name, value } = holder[field.oneof.localName] as { readonly case?: string; readonly value?: unknown };
  return name === field.localName ? value : undefined;
}

const answers = new WeakMap<DescMessage, boolean>();

function mayHoldMap(schema: DescMessage): boolean {
  const known = answers.get(schema);
  if (known !== undefined) return known;
  const reachable = new Set([schema]);
  // A set that grows while it is walked is walked to its end.
  for (const { fields } of reachable) {
    for (const { message } of fields) if (message !== undefined) reachable.add(message);
  }
  const answer = [...reachable].some(({ fields }) => fields.some(({ fieldKind }) => fieldKind === "map"));
  answers.set(schema, answer);
  return answer;
}
