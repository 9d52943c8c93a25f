import { join } from "node:path";
import { root } from "../published.ts";

export const tools = join(root, ".tools");

/** Debugging client for gRPC, built from its Go module. */
export const grpcurl = { version: "v1.9.4", path: join(tools, "bin/grpcurl") };

const node22Folder = join(tools, "node22");

/** The oldest Node that the published packages promise to run on. */
export const node22 = { version: "22.12.0", folder: node22Folder, path: join(node22Folder, "node_modules/.bin/node") };
