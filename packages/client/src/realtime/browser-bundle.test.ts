import { join } from "node:path";
import { build } from "esbuild";
import { expect, test } from "vitest";

test("the entry point is bundled for browsers with nothing left out, and brings nothing of Node or of Connect", async () => {
  const { outputFiles, metafile } = await build({
    entryPoints: [join(import.meta.dirname, "index.ts")],
    bundle: true,
    minify: true,
    platform: "browser",
    format: "esm",
    write: false,
    metafile: true,
    logLevel: "silent",
  });
  const inputs = Object.keys(metafile.inputs);
  expect(inputs.filter((file) => /@connectrpc|grpc-js|node:/.test(file))).toEqual([]);
  const own = inputs.filter((file) => file.includes("client/src/") && !file.includes("/realtime/"));
  expect(own.map((file) => file.split("client/src/")[1])).toEqual(["contents.ts"]);
  const imports = Object.values(metafile.outputs).flatMap((output) => output.imports);
  expect(imports).toEqual([]);
  // Most of it is the contracts' descriptors. A jump means that something came along which is not needed.
  expect(outputFiles[0]?.contents.length).toBeLessThan(400_000);
});
