import { laneTable } from "../../../client/src/events/room-lane.ts";
import type { EventSink } from "../../src/relay/event-sink.ts";
import type { Leases } from "../../src/store/control.ts";
import type { MemoryStream } from "./table-stream.ts";
import type { World } from "./world.ts";

type ConsumerOptionsOf = Parameters<World["hosted"]["broker"]["startConsumer"]>[0];

/** Where a rule can be taken out. */
export interface Twist {
  readonly name: string;
  readonly newKeyForRetry: boolean;
  readonly ignorePositions: boolean;
  sink(sink: EventSink, world: World): EventSink;
  leases(leases: Leases): Leases;
  stream(stream: MemoryStream): MemoryStream;
  consumer(options: ConsumerOptionsOf): ConsumerOptionsOf;
  subscribeOptions<Options>(options: Options): Options;
  /** Plants it, and answers how to take it out again. */
  plant(): () => void;
}

const same = <T>(value: T): T => value;

export const noTwist: Twist = {
  name: "",
  newKeyForRetry: false,
  ignorePositions: false,
  sink: same,
  leases: same,
  stream: same,
  consumer: same,
  subscribeOptions: same,
  plant: () => () => {},
};

type Rows = Record<string, Record<string, { to: string; act: string }>>;

function laneMove(state: string, input: string, to: string, act: string): Partial<Twist> {
  return {
    plant() {
      const row = (laneTable as unknown as Rows)[state];
      const before = row?.[input];
      if (row === undefined || before === undefined) throw new Error(`lanes have no ${state} × ${input}`);
      row[input] = { to, act };
      return () => {
        row[input] = before;
      };
    },
  };
}

const faults: Readonly<Record<string, Partial<Twist>>> = {
  "a send that is tried again has a new key": { newKeyForRetry: true },
  "the relay does not wait for the broker": {
    sink: (sink) => ({
      async send(events) {
        void sink.send(events).catch(() => {});
      },
    }),
  },
  "a batch of the relay is sent in another order": {
    sink: (sink) => ({ send: (events) => sink.send(events.toReversed()) }),
  },
  "a relay that lost its lease may write on": {
    leases: (leases) => {
      const forged = async <L extends Parameters<Leases["checkpoint"]>[0]>(lease: L): Promise<L> => {
        const state = (await leases.list(lease.streamArn)).find(({ shardId }) => shardId === lease.shardId);
        return { ...lease, epoch: state?.epoch ?? lease.epoch };
      };
      return {
        ...leases,
        checkpoint: async (lease, checkpoint) => leases.checkpoint(await forged(lease), checkpoint),
      };
    },
  },
  "shards are read before their parents are done": {
    stream: (stream) => ({
      ...stream,
      shards: async (arn) => (await stream.shards(arn)).map((shard) => ({ ...shard, parentShardId: undefined })),
    }),
  },
  "a consumer commits what it was handed, not what it has done": {
    consumer: (options) => ({
      ...options,
      async onBatch(claim, records) {
        await options.onBatch(claim, records);
        void claim.commit(claim.position + BigInt(records.length)).catch(() => {});
      },
    }),
  },
  "a consumer goes on after a handler that failed": laneMove("handling", "failed", "following", "finish"),
  "two events of a room are handled at once": laneMove("handling", "next", "handling", "handle"),
  "repeats are handled": laneMove("following", "repeat", "handling", "handle"),
  "entries that are missing are passed over": laneMove("following", "later", "handling", "handle"),
  "a room's first event is not held against its position": laneMove("following", "unplaced", "handling", "handle"),
  "positions are not asked": { ignorePositions: true },
};

export const plantedFaults: readonly Twist[] = Object.entries(faults).map(([name, fault]) => ({
  ...noTwist,
  ...fault,
  name,
}));
