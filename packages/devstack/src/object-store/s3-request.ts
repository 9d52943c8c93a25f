import { type S3Keys, signRequest } from "./sign-request.ts";

/** Where an object store is, and the keys to it. */
export interface S3Address extends S3Keys {
  endpoint: string;
}

/** Sends one signed request; the path is `/bucket` or `/bucket/key`. The answer may be a refusal. */
export async function s3Request(
  store: S3Address,
  method: "GET" | "PUT" | "HEAD" | "DELETE",
  path: string,
  body: Uint8Array = new Uint8Array(),
): Promise<Response> {
  const url = new URL(path.split("/").map(percentEncode).join("/"), store.endpoint);
  const { host: _, ...headers } = signRequest(store, { method, url, body, at: new Date() });
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  return fetch(url, { method, headers, signal, ...(method === "PUT" && { body }) });
}

/** Makes a bucket, if it is not there yet. */
export async function createBucket(store: S3Address, name: string): Promise<void> {
  const response = await s3Request(store, "PUT", `/${name}`);
  const text = await response.text();
  if (!response.ok && !text.includes("BucketAlreadyOwnedByYou")) {
    throw new Error(`The object store at ${store.endpoint} refused the bucket "${name}" (${response.status}): ${text}`);
  }
}

/** Also those characters that a URL may have as they are, because S3 signs them so. */
function percentEncode(part: string): string {
  return encodeURIComponent(part).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
}

const TIMEOUT_MS = 30_000;
