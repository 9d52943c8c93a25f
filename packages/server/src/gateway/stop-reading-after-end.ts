import type { Duplex } from "node:stream";

/**
 * After an error or the client's close frame `ws` lets go of the stream, and lets it flow until the client ends it or the
 * close times out: 500 MB in a second, for nothing. Here nobody is read who goes on regardless: it waits in the client.
 */
export function stopReadingAfterEnd(stream: Duplex): void {
  stream.on("removeListener", onRemoved);
}

// Shared by all streams: there are many.
function onRemoved(this: Duplex, event: string | symbol): void {
  if (event === "data" && !this.destroyed) this.on("data", stopReading);
}

function stopReading(this: Duplex): void {
  this.pause();
}
