import { S3Client } from "@aws-sdk/client-s3";
import { createFolderFiles } from "./folder-files.ts";
import { createLakeFiles, type LakeFiles } from "./lake-files.ts";

/** The lake that somebody names at a command line: `s3://bucket`, or a folder. */
export function openLake(place: string): LakeFiles {
  const [, bucket] = /^s3:\/\/([^/]+)\/?$/.exec(place) ?? [];
  if (bucket !== undefined) return createLakeFiles(new S3Client({}), bucket);
  if (place.startsWith("s3:")) throw new Error(`a lake is s3://bucket, without a path, not ${place}`);
  return createFolderFiles(place);
}
