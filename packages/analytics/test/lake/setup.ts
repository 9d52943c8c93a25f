import { startStack } from "@maru/devstack";
import type { TestProject } from "vitest/node";
import { serveGlue } from "../../src/local/serve-glue.ts";

/** What the tests of the lake share beside the table's engines. */
export interface LakeEngines {
  readonly objectStore: {
    readonly endpoint: string;
    readonly region: string;
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
  };
  readonly trinoUrl: string;
  readonly postgresUrl: string;
  readonly glueEndpoint: string;
}

declare module "vitest" {
  interface ProvidedContext {
    lake: LakeEngines;
  }
}

/** vitest's globalSetup: an object store, a Glue catalog and Trino over both. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const glue = await serveGlue();
  const { objectStore, trino, postgres, close } = await startStack({
    objectStore: true,
    trino: { glueEndpoint: glue.endpoint },
    postgres: true,
    onProgress: (line) => console.error(line),
  });
  if (objectStore === undefined || trino === undefined || postgres === undefined)
    throw new Error("The stack lacks an engine that was asked for.");
  const { endpoint, region, accessKeyId, secretAccessKey } = objectStore;
  project.provide("lake", {
    objectStore: { endpoint, region, accessKeyId, secretAccessKey },
    trinoUrl: trino.url,
    postgresUrl: postgres.url,
    glueEndpoint: glue.endpoint,
  });
  return async () => {
    await close();
    await glue[Symbol.asyncDispose]();
  };
}
