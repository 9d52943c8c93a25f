import { createHash, createHmac } from "node:crypto";

export interface S3Keys {
  region: string;
  accessKeyId: string;
  secretAccessKey: string;
}

/** The headers that sign a request to S3 (AWS Signature, version 4). Its path is percent-encoded as it is sent; it has no query. */
export function signRequest(
  keys: S3Keys,
  request: { method: string; url: URL; body: Uint8Array; at: Date },
): Record<string, string> {
  const time = request.at.toISOString().replace(/[-:]|\.\d+/g, "");
  const day = time.slice(0, 8);
  const bodyHash = sha256(request.body);
  const signed = { host: request.url.host, "x-amz-content-sha256": bodyHash, "x-amz-date": time };
  const names = Object.keys(signed).join(";");
  const lines = Object.entries(signed).map(([name, value]) => `${name}:${value}\n`);
  const canonical = [request.method, request.url.pathname, "", lines.join(""), names, bodyHash].join("\n");

  const scope = `${day}/${keys.region}/s3/aws4_request`;
  const text = ["AWS4-HMAC-SHA256", time, scope, sha256(canonical)].join("\n");
  const key = [day, keys.region, "s3", "aws4_request"].reduce<string | Buffer>(hmac, `AWS4${keys.secretAccessKey}`);
  const credential = `Credential=${keys.accessKeyId}/${scope}`;
  const signature = hmac(key, text).toString("hex");
  return { ...signed, authorization: `AWS4-HMAC-SHA256 ${credential}, SignedHeaders=${names}, Signature=${signature}` };
}

function sha256(data: string | Uint8Array): string {
  return createHash("sha256").update(data).digest("hex");
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}
