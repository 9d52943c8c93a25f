import { join } from "node:path";
import { root } from "../published.ts";

export const tools = join(root, ".tools");

/** Debugging client for gRPC, built from its Go module. */
export const grpcurl = {
  name: "grpcurl",
  module: "github.com/fullstorydev/grpcurl",
  package: "github.com/fullstorydev/grpcurl/cmd/grpcurl",
  version: "v1.9.4",
  path: join(tools, "bin/grpcurl"),
};

/** The runner of the official conformance tests of Connect, gRPC and gRPC-Web, built from its Go module. */
export const connectconformance = {
  name: "connectconformance",
  module: "connectrpc.com/conformance",
  package: "connectrpc.com/conformance/cmd/connectconformance",
  version: "v1.0.7",
  path: join(tools, "bin/connectconformance"),
};

const node22Folder = join(tools, "node22");

/** The oldest Node that the published packages promise to run on. */
export const node22 = { version: "22.12.0", folder: node22Folder, path: join(node22Folder, "node_modules/.bin/node") };

/** The example in Go; its go.mod pins its plugins and modules. */
export const goExample = join(root, "examples/go");

/** A Python with packages of its own. */
export interface PythonTools {
  readonly folder: string;
  /** Names of packages with their versions. */
  readonly requirements: string;
  /** Where its programs are. */
  readonly bin: string;
}

/** What the example in Python runs with. */
export const examplePython = pythonTools("python", "examples/python/requirements.txt");

/** The generator of docs/reference. */
export const referencePython = pythonTools("reference", "scripts/reference/requirements.txt");

/** Lints the template of the lake. */
export const cfnLint = pythonTools("cfn-lint", "scripts/tools/cfn-lint/requirements.txt");

/** A program of a registry that the workspace itself does not need. */
export interface NpmTool {
  readonly folder: string;
  /** Folder of its package.json and lock file. */
  readonly lock: string;
  readonly path: string;
  /** It is nothing without the scripts of its packages, which compile something. Default: none run. */
  readonly runsScripts?: boolean;
}

const oslsFolder = join(tools, "osls");

/** Packages the template of the lake. */
export const osls: NpmTool = {
  folder: oslsFolder,
  lock: join(root, "scripts/tools/osls"),
  path: join(oslsFolder, "node_modules/.bin/osls"),
};

const lambdaRuntimeFolder = join(tools, "lambda-runtime");

/** AWS's own runtime client of Lambda, which runs the packaged functions. */
export const lambdaRuntime: NpmTool = {
  folder: lambdaRuntimeFolder,
  lock: join(root, "scripts/tools/lambda-runtime"),
  path: join(lambdaRuntimeFolder, "node_modules/.bin/aws-lambda-ric"),
  runsScripts: true,
};

function pythonTools(name: string, requirements: string): PythonTools {
  const folder = join(tools, name);
  return { folder, requirements: join(root, requirements), bin: join(folder, "bin") };
}
