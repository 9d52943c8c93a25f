import { PutObjectCommand, type S3Client } from "@aws-sdk/client-s3";
import type { LakeFiles } from "./lake-files.ts";

/** Puts objects, and can do nothing else: the function that writes with it needs no other permission. */
export function createObjectWriter(client: S3Client, bucket: string): Pick<LakeFiles, "write"> {
  return {
    async write(key, body, signal) {
      await client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: body }), { abortSignal: signal });
    },
  };
}
