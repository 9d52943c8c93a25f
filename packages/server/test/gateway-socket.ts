import { create, fromBinary, fromJsonString, type MessageInitShape, toBinary, toJsonString } from "@bufbuild/protobuf";
import { ClientFrameSchema, type ServerFrame, ServerFramesSchema } from "@maru/protocol/realtime";
import { vi } from "vitest";
import { WebSocket } from "ws";

export type FrameInit = MessageInitShape<typeof ClientFrameSchema>;
type Kinds = NonNullable<ServerFrame["kind"]["case"]>;
type Value<Case extends Kinds> = Extract<ServerFrame["kind"], { case: Case }>["value"];

export interface Closed {
  readonly code: number;
  readonly reason: string;
}

/** The other side of a gateway, without a client's manners. */
export class GatewaySocket implements Disposable {
  readonly ws: WebSocket;
  readonly frames: ServerFrame[] = [];
  messages = 0;
  closed: Closed | undefined;
  readonly #json: boolean;

  private constructor(ws: WebSocket, json: boolean) {
    this.ws = ws;
    this.#json = json;
    ws.on("message", (data: Buffer) => {
      this.messages += 1;
      const read = json ? fromJsonString(ServerFramesSchema, data.toString()) : fromBinary(ServerFramesSchema, data);
      this.frames.push(...read.frames);
    });
    ws.on("close", (code, reason) => {
      this.closed = { code, reason: reason.toString() };
    });
    ws.on("error", () => undefined);
  }

  static async open(address: string, subprotocol = "maru.v1.protobuf"): Promise<GatewaySocket> {
    const ws = new WebSocket(`ws://${address}`, [subprotocol], { perMessageDeflate: false });
    const socket = new GatewaySocket(ws, subprotocol === "maru.v1.json");
    await new Promise<void>((resolve, reject) => ws.once("open", resolve).once("error", reject));
    return socket;
  }

  send(kind: FrameInit["kind"] & object, requestId = ""): void {
    const frame = create(ClientFrameSchema, { requestId, kind });
    this.ws.send(this.#json ? toJsonString(ClientFrameSchema, frame) : toBinary(ClientFrameSchema, frame));
  }

  all<Case extends Kinds>(kind: Case): Value<Case>[] {
    return this.frames.flatMap((frame) => (frame.kind.case === kind ? [frame.kind.value as Value<Case>] : []));
  }

  /** The first frame of the kind, also one that is there already. */
  async next<Case extends Kinds>(
    kind: Case,
    holds: (value: Value<Case>) => boolean = () => true,
  ): Promise<Value<Case>> {
    return this.#until(() => this.all(kind).find(holds), `no frame ${kind}`);
  }

  async answer<Case extends Kinds & ("ack" | "error" | "resumed" | "pong")>(kind: Case, requestId: string) {
    return this.next(kind, (value) => (value as { readonly requestId: string }).requestId === requestId);
  }

  async end(): Promise<Closed> {
    return this.#until(() => this.closed, "still open");
  }

  async #until<T>(find: () => T | undefined, otherwise: string): Promise<T> {
    try {
      return await vi.waitUntil(() => find() ?? false, { timeout: 10_000, interval: 5 });
    } catch {
      throw new Error(`${otherwise}; closed: ${JSON.stringify(this.closed)}; got ${this.shown()}`);
    }
  }

  shown(): string {
    return this.frames.map(({ kind }) => kind.case).join(" ");
  }

  [Symbol.dispose](): void {
    this.ws.terminate();
  }
}
