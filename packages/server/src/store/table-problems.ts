import type { CreateTableCommandInput, KeySchemaElement, TableDescription } from "@aws-sdk/client-dynamodb";

/** What keeps an existing table from being used in place of the wanted one, all of it. Further indexes do no harm. */
export function tableProblems(wanted: CreateTableCommandInput, found: TableDescription): string[] {
  const problems = [...keyProblems("its key", wanted, found, wanted.KeySchema, found.KeySchema)];
  for (const index of wanted.GlobalSecondaryIndexes ?? []) {
    const same = found.GlobalSecondaryIndexes?.find((candidate) => candidate.IndexName === index.IndexName);
    if (same === undefined) {
      problems.push(`index ${index.IndexName} is missing`);
      continue;
    }
    problems.push(
      ...keyProblems(`the key of index ${index.IndexName}`, wanted, found, index.KeySchema, same.KeySchema),
    );
  }
  const view = wanted.StreamSpecification?.StreamViewType;
  const foundView = found.StreamSpecification?.StreamEnabled ? found.StreamSpecification.StreamViewType : undefined;
  if (view !== foundView) problems.push(`its stream is ${foundView ?? "off"} and not ${view ?? "off"}`);
  return problems;
}

function keyProblems(
  what: string,
  wanted: CreateTableCommandInput,
  found: TableDescription,
  wantedKey: readonly KeySchemaElement[] | undefined,
  foundKey: readonly KeySchemaElement[] | undefined,
): string[] {
  const [want, have] = [keyText(wanted, wantedKey), keyText(found, foundKey)];
  return want === have ? [] : [`${what} is ${have} and not ${want}`];
}

function keyText(table: CreateTableCommandInput | TableDescription, key: readonly KeySchemaElement[] = []): string {
  const typeOf = (name: string | undefined) =>
    table.AttributeDefinitions?.find((attribute) => attribute.AttributeName === name)?.AttributeType;
  return key.map(({ AttributeName, KeyType }) => `${AttributeName} (${typeOf(AttributeName)}, ${KeyType})`).join(" + ");
}
