import { create, toBinary } from "@bufbuild/protobuf";
import { type Push, PushSchema } from "@maru/protocol/realtime";
import type { Addressees, Audience } from "./audience.ts";
import type { RedisConnection } from "./redis-connection.ts";
import { followersKey, nodeKey, sessionsKey } from "./redis-keys.ts";

/** A node is alive and did not hear, since its subscription is being built anew. */
export class NodeDeaf extends Error {
  override readonly name = "NodeDeaf";
  readonly nodeIds: readonly string[];

  constructor(nodeIds: readonly string[]) {
    super(`not heard by ${nodeIds.join(", ")}, whose subscription is being built anew`);
    this.nodeIds = nodeIds;
  }
}

/** Tells each node of the audience. Throws NodeDeaf when one that is alive did not hear; those that are gone are forgotten. */
export async function deliver(
  redis: RedisConnection,
  kind: Push["kind"],
  addressees: Addressees,
  audience: Audience,
): Promise<void> {
  if (audience.size === 0) return;
  const head = toBinary(PushSchema, create(PushSchema, { kind }));
  const nodes = [...audience];
  const receivers = await redis.run((cluster) =>
    Promise.all(nodes.map(([nodeId, userIds]) => cluster.spublish(nodeKey(nodeId), withUsers(head, userIds)))),
  );
  const unheard = nodes.filter((_, index) => receivers[index] === 0);
  if (unheard.length === 0) return;
  const alive = await redis.run((cluster) => Promise.all(unheard.map(([nodeId]) => cluster.exists(nodeKey(nodeId)))));
  const gone = unheard.filter((_, index) => alive[index] === 0);
  await redis.run((cluster) =>
    Promise.all(
      gone.flatMap(([nodeId, userIds]) => [
        ...(addressees.roomId === undefined ? [] : [cluster.hdel(followersKey(addressees.roomId), nodeId)]),
        ...userIds.map((userId) => cluster.hdel(sessionsKey(userId), nodeId)),
      ]),
    ),
  );
  if (gone.length < unheard.length) {
    throw new NodeDeaf(unheard.filter((_, index) => alive[index] !== 0).map(([nodeId]) => nodeId));
  }
}

/** The encodings of parts of a message, one after the other, are that of the whole: what all are told is encoded once. */
function withUsers(head: Uint8Array, userIds: readonly string[]): Buffer {
  const tail = userIds.length === 0 ? [] : [toBinary(PushSchema, create(PushSchema, { userIds: [...userIds] }))];
  return Buffer.concat([head, ...tail]);
}
