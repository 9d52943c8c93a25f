/** Closes every open shard of every stream of this DynamoDB Local and opens one child for each. */
export async function rollShards(controlEndpoint: string): Promise<void> {
  await post(`${controlEndpoint}/rollover`);
}

/** Makes all stream records of this DynamoDB Local look `hours` older: at 24 h they are trimmed. */
export async function ageRecords(controlEndpoint: string, hours: number): Promise<void> {
  if (!Number.isInteger(hours) || hours < 0) throw new RangeError(`hours must be a whole number, not ${hours}`);
  await post(`${controlEndpoint}/age?hours=${hours}`);
}

async function post(url: string): Promise<void> {
  const response = await fetch(url, { method: "POST" });
  const text = await response.text();
  if (!response.ok) throw new Error(`DynamoDB Local's control port answered ${response.status} to ${url}: ${text}`);
}
