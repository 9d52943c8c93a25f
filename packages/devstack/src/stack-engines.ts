import { ageRecords, rollShards } from "./dynamodb/control.ts";
import type { RunningDynamodb } from "./dynamodb/start-dynamodb.ts";
import { ForeignEngineError } from "./errors.ts";
import { createBucket, type S3Address } from "./object-store/s3-request.ts";
import type { RunningObjectStore } from "./object-store/start-object-store.ts";
import type { NodeHandle } from "./processes/engine-node.ts";

export interface StackDynamodb {
  endpoint: string;
  region: "us-east-1";
  /** For `rollShards` and `ageRecords` from another process; undefined on an engine that the stack only uses. */
  controlEndpoint: string | undefined;
  /** Closes every open stream shard and opens one child for each. ForeignEngineError where `owned` is false. */
  rollShards(): Promise<void>;
  /** Makes all stream records look older: at 24 h they are trimmed. ForeignEngineError where `owned` is false. */
  ageRecords(hours: number): Promise<void>;
  /** The process. ForeignEngineError where `owned` is false. In memory, a restarted one is empty. */
  node(): NodeHandle;
  /** False for an engine that was there already. */
  owned: boolean;
}

interface Nodes {
  /** The node with this id, from 1. ForeignEngineError where `owned` is false, RangeError where there is none. */
  node(id: number): NodeHandle;
  /** False for an engine that was there already. */
  owned: boolean;
}

export interface StackKafka extends Nodes {
  brokers: string[];
}

/** A cluster, also where it is one node. Masters come first. */
export interface StackRedis extends Nodes {
  nodes: string[];
}

export interface StackPostgres {
  /** `postgres://maru@127.0.0.1:5432/postgres`: a database that the user may create tables and databases in. */
  url: string;
  /** The process. ForeignEngineError where `owned` is false. */
  node(): NodeHandle;
  /** False for an engine that was there already. */
  owned: boolean;
}

/** A store that speaks S3, by paths (`endpoint/bucket/key`). */
export interface StackObjectStore extends S3Address {
  /** `bucket/key` in here is the object's file, which may also be written as a file; undefined on a store elsewhere. */
  folder: string | undefined;
  /** Nothing happens if the bucket is there already. */
  createBucket(name: string): Promise<void>;
  /** The process; its data outlives it. ForeignEngineError where `owned` is false. */
  node(): NodeHandle;
  /** False for an engine that was there already. */
  owned: boolean;
}

/** Trino, with a catalog `lake` of tables in the object store. `queryTrino` asks it. */
export interface StackTrino {
  url: string;
  /** The process. ForeignEngineError where `owned` is false. */
  node(): NodeHandle;
  /** False for an engine that was there already. */
  owned: boolean;
}

export function ownObjectStore({ node, ...store }: RunningObjectStore): StackObjectStore {
  return { ...store, createBucket: (name) => createBucket(store, name), node: () => node, owned: true };
}

export function foreignObjectStore(store: S3Address & { folder: string | undefined }): StackObjectStore {
  return {
    ...store,
    createBucket: (name) => createBucket(store, name),
    node: () => {
      throw new ForeignEngineError("The object store can be stopped only if this stack started it.");
    },
    owned: false,
  };
}

export function foreignTrino(url: string): StackTrino {
  return {
    url,
    node: () => {
      throw new ForeignEngineError("Trino can be stopped only if this stack started it.");
    },
    owned: false,
  };
}

export function foreignPostgres(url: string): StackPostgres {
  return {
    url,
    node: () => {
      throw new ForeignEngineError("PostgreSQL can be stopped only if this stack started it.");
    },
    owned: false,
  };
}

export function ownDynamodb(running: RunningDynamodb): StackDynamodb {
  const { endpoint, controlEndpoint, node } = running;
  return {
    endpoint,
    region: "us-east-1",
    controlEndpoint,
    rollShards: () => rollShards(controlEndpoint),
    ageRecords: (hours) => ageRecords(controlEndpoint, hours),
    node: () => node,
    owned: true,
  };
}

export function foreignDynamodb(endpoint: string): StackDynamodb {
  const refuse = (what: string): never => {
    throw new ForeignEngineError(
      `${what} works only on a DynamoDB Local that this stack started; ${endpoint} was given by MARU_DYNAMODB_ENDPOINT.`,
    );
  };
  return {
    endpoint,
    region: "us-east-1",
    controlEndpoint: undefined,
    rollShards: async () => refuse("rollShards"),
    ageRecords: async () => refuse("ageRecords"),
    node: () => refuse("node"),
    owned: false,
  };
}

export function ownNodes(engine: string, nodes: NodeHandle[]): Nodes {
  return {
    owned: true,
    node(id) {
      const node = nodes[id - 1];
      if (node === undefined)
        throw new RangeError(`There is no ${engine} node ${id}: the ids are 1 to ${nodes.length}.`);
      return node;
    },
  };
}

export function foreignNodes(engine: "Kafka" | "Redis"): Nodes {
  return {
    owned: false,
    node: () => {
      throw new ForeignEngineError(`A single ${engine} node can be stopped only if this stack started it.`);
    },
  };
}
