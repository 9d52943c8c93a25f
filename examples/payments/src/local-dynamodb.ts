import { DynamoDBClient } from "@aws-sdk/client-dynamodb";

/** The DynamoDB Local that "npm start" runs, which takes any credentials. */
export function localDynamodb(endpoint: string): DynamoDBClient {
  const credentials = { accessKeyId: "local", secretAccessKey: "local" };
  return new DynamoDBClient({ endpoint, region: "us-east-1", credentials });
}
