import { createReadStream } from "node:fs";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DeleteObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { ExportOptionsError, ObjectStoreError } from "./errors.ts";
import { FILE_NAME, type LakeTarget } from "./lake-target.ts";

export interface S3Place {
  readonly bucket: string;
  /** Empty, or ending in a slash. */
  readonly prefix: string;
  /** Of a store that is not Amazon's. */
  readonly endpoint?: string | undefined;
  readonly region?: string | undefined;
}

/** Reads `s3://bucket/some/prefix`. */
export function parseS3Url(url: string): Pick<S3Place, "bucket" | "prefix"> {
  const found = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/(.*?))?\/?$/.exec(url);
  if (found === null) throw new ExportOptionsError(`"${url}" is no place in S3: write s3://bucket/prefix`);
  const [, bucket = "", prefix = ""] = found;
  return { bucket, prefix: prefix === "" ? "" : `${prefix}/` };
}

const MAX_PUT_BYTES = 5 * 1024 ** 3;
const ATTEMPTS = 4;

/** A lake in S3. Files grow in the temporary folder of this machine and are put whole. */
export async function openS3Target(place: S3Place, signal: AbortSignal): Promise<LakeTarget> {
  const { endpoint, region } = place;
  const s3 = new S3Client({
    ...(region !== undefined && { region }),
    // A checksum behind a body of unknown length is what other stores understand least: one in three puts came back as a
    // BadRequest from versitygw 1.8.0. The length of the file is known, and is checked.
    ...(endpoint !== undefined && { endpoint, forcePathStyle: true, requestChecksumCalculation: "WHEN_REQUIRED" }),
  });
  await requireBucket(s3, place, signal);
  const scratch = await mkdtemp(join(tmpdir(), "maru-export-"));
  return {
    scratch,
    async publish(file, folder) {
      const key = `${place.prefix}${folder}${FILE_NAME}`;
      try {
        await put(s3, { bucket: place.bucket, key, file }, signal);
        await removeOthers(s3, { bucket: place.bucket, folder: `${place.prefix}${folder}`, key }, signal);
      } catch (error) {
        signal.throwIfAborted();
        if (error instanceof ObjectStoreError) throw error;
        const { name, message } = error as Error;
        throw new ObjectStoreError(`s3://${place.bucket}/${key} could not be written: ${name}: ${message}`, {
          cause: error,
        });
      }
      return `s3://${place.bucket}/${key}`;
    },
    async [Symbol.asyncDispose]() {
      s3.destroy();
      await rm(scratch, { recursive: true, force: true });
    },
  };
}

// Before anything is copied: a store that refuses a stream may just close the connection, and say nothing.
async function requireBucket(s3: S3Client, { bucket, prefix }: S3Place, abortSignal: AbortSignal): Promise<void> {
  try {
    await s3.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix, MaxKeys: 1 }), { abortSignal });
  } catch (error) {
    s3.destroy();
    abortSignal.throwIfAborted();
    const { name, message } = error as Error;
    throw new ObjectStoreError(
      `s3://${bucket}/${prefix} cannot be listed, which an export needs: ${name}: ${message}`,
      {
        cause: error,
      },
    );
  }
}

// The SDK does not send a stream again, as it cannot read it again: the file is opened anew here.
async function put(
  s3: S3Client,
  to: { bucket: string; key: string; file: string },
  signal: AbortSignal,
): Promise<void> {
  const { size } = await stat(to.file);
  if (size > MAX_PUT_BYTES) {
    throw new ObjectStoreError(
      `${to.key} would have ${size} bytes, and S3 takes 5 GiB at once: export less with --where`,
    );
  }
  for (let attempt = 1; ; attempt++) {
    const Body = createReadStream(to.file);
    try {
      await s3.send(new PutObjectCommand({ Bucket: to.bucket, Key: to.key, Body, ContentLength: size }), {
        abortSignal: signal,
      });
      return;
    } catch (error) {
      const status = (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode;
      const isPassing = status === undefined || status >= 500 || status === 429;
      if (signal.aborted || !isPassing || attempt === ATTEMPTS) throw error;
    } finally {
      Body.destroy();
    }
  }
}

async function removeOthers(
  s3: S3Client,
  { bucket, folder, key }: { bucket: string; folder: string; key: string },
  abortSignal: AbortSignal,
): Promise<void> {
  let token: string | undefined;
  do {
    const page = await s3.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: folder, ContinuationToken: token }), {
      abortSignal,
    });
    for (const { Key } of page.Contents ?? []) {
      if (Key !== key) await s3.send(new DeleteObjectCommand({ Bucket: bucket, Key }), { abortSignal });
    }
    token = page.NextContinuationToken;
  } while (token !== undefined);
}
