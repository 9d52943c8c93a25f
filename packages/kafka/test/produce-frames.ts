import { createConnection } from "node:net";
import type { KafkaConnection } from "../src/index.ts";

/** Leads every connection through the proxy, whatever address the broker advertises. */
export function through(proxy: { port: number }, connection: KafkaConnection): KafkaConnection {
  return {
    ...connection,
    socketFactory: ({ onConnect }) => createConnection({ host: "127.0.0.1", port: proxy.port }, onConnect),
  };
}

/** Cuts what one client sends into whole request frames, each with its length, and passes on what `change` makes of each. */
export function requestFrames(change: (frame: Buffer) => Buffer): (chunk: Buffer) => Buffer {
  let rest = Buffer.alloc(0);
  return (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    const out: Buffer[] = [];
    while (rest.length >= 4 && rest.length >= 4 + rest.readInt32BE(0)) {
      const end = 4 + rest.readInt32BE(0);
      out.push(change(rest.subarray(0, end)));
      rest = rest.subarray(end);
    }
    return Buffer.concat(out);
  };
}

/** Whether a request frame asks to produce (api key 0). */
export function isProduce(frame: Buffer): boolean {
  return frame.readInt16BE(4) === 0;
}

/**
 * The same produce request without any partition. The broker stores nothing and answers, honestly, about nothing: what
 * kafkajs also brings about by itself when a leader moves.
 */
export function withoutPartitions(produce: Buffer): Buffer {
  const afterClientId = 14 + Math.max(0, produce.readInt16BE(12));
  const transactionalIdLength = Math.max(0, produce.readInt16BE(afterClientId));
  const topicsAt = afterClientId + 2 + transactionalIdLength + 2 + 4; // after acks and timeout
  const shortened = Buffer.concat([produce.subarray(0, topicsAt), Buffer.alloc(4)]);
  shortened.writeInt32BE(shortened.length - 4, 0);
  return shortened;
}
