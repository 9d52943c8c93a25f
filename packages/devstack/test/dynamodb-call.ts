/** One call of DynamoDB's or its streams' JSON protocol; DynamoDB Local wants a signature to be there and does not check it. */
export async function dynamodbCall<T>(endpoint: string, operation: string, body: object): Promise<T> {
  const service = /Stream|Shard|Records/.test(operation) ? "DynamoDBStreams" : "DynamoDB";
  const response = await fetch(endpoint, {
    method: "POST",
    headers: {
      "content-type": "application/x-amz-json-1.0",
      "x-amz-target": `${service}_20120810.${operation}`,
      authorization:
        "AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=none",
    },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${operation}: ${response.status} ${await response.text()}`);
  return (await response.json()) as T;
}

/** Creates a table with the key `id` and a stream, and returns the stream's ARN. */
export async function createStreamedTable(endpoint: string, TableName: string): Promise<string> {
  const { TableDescription } = await dynamodbCall<{ TableDescription: { LatestStreamArn: string } }>(
    endpoint,
    "CreateTable",
    {
      TableName,
      BillingMode: "PAY_PER_REQUEST",
      AttributeDefinitions: [{ AttributeName: "id", AttributeType: "S" }],
      KeySchema: [{ AttributeName: "id", KeyType: "HASH" }],
      StreamSpecification: { StreamEnabled: true, StreamViewType: "NEW_IMAGE" },
    },
  );
  return TableDescription.LatestStreamArn;
}
