import {
  CopyObjectCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  type ListObjectsV2CommandOutput,
  type S3Client,
} from "@aws-sdk/client-s3";
import { createObjectWriter } from "./object-writer.ts";

/** The objects of the lake's bucket. */
export interface LakeFiles {
  /** All keys that begin so, in order. */
  list(prefix: string, signal?: AbortSignal): AsyncIterable<string>;
  /** Undefined where there is none. */
  read(key: string, signal?: AbortSignal): Promise<Uint8Array | undefined>;
  write(key: string, body: Uint8Array, signal?: AbortSignal): Promise<void>;
  /** Replaces what is there. */
  copy(from: string, to: string): Promise<void>;
  remove(key: string): Promise<void>;
}

export function createLakeFiles(client: S3Client, bucket: string): LakeFiles {
  return {
    ...createObjectWriter(client, bucket),
    async *list(prefix, signal) {
      let token: string | undefined;
      do {
        const command = new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix, ContinuationToken: token });
        const page: ListObjectsV2CommandOutput = await client.send(command, { abortSignal: signal });
        for (const { Key } of page.Contents ?? []) if (Key !== undefined) yield Key;
        token = page.NextContinuationToken;
      } while (token !== undefined);
    },
    async read(key, signal) {
      try {
        const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key }), { abortSignal: signal });
        return await Body?.transformToByteArray();
      } catch (error) {
        if (error instanceof Error && error.name === "NoSuchKey") return undefined;
        throw error;
      }
    },
    async copy(from, to) {
      await client.send(new CopyObjectCommand({ Bucket: bucket, CopySource: `${bucket}/${from}`, Key: to }));
    },
    async remove(key) {
      await client.send(new DeleteObjectCommand({ Bucket: bucket, Key: key }));
    },
  };
}
