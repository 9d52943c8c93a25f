import { create } from "@bufbuild/protobuf";
import { FindOrCreateDirectRequestSchema } from "@maru/protocol";
import type { DomainModule } from "./domain-module.ts";
import { toActor } from "./serve.ts";
import { call, type Server } from "./servers.ts";

/** A direct room of its own for each key. */
export function serveDirect(module: DomainModule, { domain }: Server, key: string, pair: readonly string[]) {
  const request = { actor: toActor("service"), kind: "direct", subject: key, userIds: [...pair], idempotencyKey: key };
  return module.findOrCreateDirect(domain, call, create(FindOrCreateDirectRequestSchema, request));
}
