import { inParallel } from "../domain/in-parallel.ts";
import type { Realtime } from "../realtime/realtime.ts";
import { RoomChannel, type RoomChannelHost } from "./room-channel.ts";

export interface OpenChannelsOptions {
  readonly host: RoomChannelHost;
  readonly realtime: Pick<Realtime, "followedRooms" | "tails">;
  /** How long a room that nobody follows any more is kept: those who lost their connection come back to it. */
  readonly lingerMs: number;
}

/** Rooms whose ends are read or compared at once. */
const atOnce = 16;

/** The rooms that somebody follows on this gateway, or did until lately. */
export class OpenChannels {
  readonly #options: OpenChannelsOptions;
  readonly #channels = new Map<string, RoomChannel>();

  constructor(options: OpenChannelsOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#channels.size;
  }

  get(roomId: string): RoomChannel | undefined {
    return this.#channels.get(roomId);
  }

  open(roomId: string): RoomChannel {
    const open = this.#channels.get(roomId) ?? new RoomChannel(this.#options.host, roomId);
    this.#channels.set(roomId, open);
    return open;
  }

  /** Reads on in every room; those whose published end is known to be further come first. */
  async readOn(): Promise<void> {
    const behind = await this.findBehind();
    const first = new Set(behind);
    const others = [...this.#channels.values()].filter((channel) => !first.has(channel));
    await inParallel([...behind, ...others], atOnce, (channel) => channel.readOn());
  }

  /** The rooms that have more than was pushed to this gateway, as far as Redis says. */
  async findBehind(): Promise<RoomChannel[]> {
    const { tails } = this.#options.realtime;
    const channels = [...this.#channels.values()];
    const seqs = await Promise.all(channels.map(({ roomId }) => tails.readSeq(roomId).catch(() => undefined)));
    return channels.filter((channel, index) => {
      const seq = seqs[index] ?? 0;
      channel.behind(seq);
      return seq > channel.lastSeq;
    });
  }

  /** Closes what nobody has followed for a while. */
  closeIdle(nowMs: number): void {
    const { realtime, lingerMs } = this.#options;
    for (const channel of [...this.#channels.values()]) {
      const { idleSinceMs, roomId, isOpen } = channel;
      if (idleSinceMs === undefined || nowMs - idleSinceMs < (isOpen ? lingerMs : 0)) continue;
      channel.close();
      this.#channels.delete(roomId);
      realtime.followedRooms.remove(roomId).catch(() => undefined); // it expires
    }
  }

  closeAll(): void {
    for (const channel of this.#channels.values()) channel.close();
    this.#channels.clear();
  }
}
