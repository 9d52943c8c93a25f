import { DynamoDBClient, type DynamoDBClientConfig } from "@aws-sdk/client-dynamodb";
import { DynamoDBStreamsClient } from "@aws-sdk/client-dynamodb-streams";
import { NodeHttpHandler } from "@smithy/node-http-handler";

/** For those who hand a client on and do not use it. */
export type { DynamoDBClient as TableClient } from "@aws-sdk/client-dynamodb";
export type { DynamoDBStreamsClient as StreamsClient } from "@aws-sdk/client-dynamodb-streams";

export interface ClientOptions {
  readonly region: string;
  /** Undefined: AWS's own of the region. */
  readonly endpoint?: string;
  /** Undefined: found as AWS documents it (variables, files, role of the machine). */
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
  /** How often a request is sent in all, when the table throttles or does not answer. */
  readonly maxAttempts: number;
  readonly connectionTimeoutMs: number;
  /** From sending a request to the head of its answer, and between any two parts of the answer. */
  readonly requestTimeoutMs: number;
  /** Requests under way at once; more wait for a socket. */
  readonly maxSockets: number;
}

export function createClient(options: ClientOptions): DynamoDBClient {
  return new DynamoDBClient(clientConfig(options));
}

export function createStreamsClient(options: ClientOptions): DynamoDBStreamsClient {
  return new DynamoDBStreamsClient(clientConfig(options));
}

function clientConfig(options: ClientOptions) {
  const agent = { keepAlive: true, maxSockets: options.maxSockets };
  return {
    region: options.region,
    ...(options.endpoint === undefined ? {} : { endpoint: options.endpoint }),
    ...(options.credentials === undefined ? {} : { credentials: options.credentials }),
    maxAttempts: options.maxAttempts,
    // Jitter, and a budget of retries that an outage uses up. "adaptive" would also slow down first attempts, all rooms for one.
    retryMode: "standard",
    // A host name per account would need the account id from the credentials, and cannot be used with an own endpoint.
    accountIdEndpointMode: "disabled",
    requestHandler: new NodeHttpHandler({
      connectionTimeout: options.connectionTimeoutMs,
      requestTimeout: options.requestTimeoutMs,
      socketTimeout: options.requestTimeoutMs,
      // Without it the SDK only prints a warning and goes on waiting.
      throwOnRequestTimeout: true,
      httpAgent: agent,
      httpsAgent: agent,
    }),
  } satisfies DynamoDBClientConfig;
}
