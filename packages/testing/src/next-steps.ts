import { randomUUID } from "node:crypto";

export interface ServedAt {
  readonly grpcAddress: string;
  readonly httpAddress: string;
  readonly service: string;
  readonly token: string;
}

/** A room with two members, so that the printed lines work as they are. */
export async function createFirstRoom({ httpAddress, token }: ServedAt): Promise<string> {
  const response = await fetch(`${httpAddress}/maru.chat.v1.RoomService/CreateRoom`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${token}` },
    body: JSON.stringify({
      actor: { service: {} },
      kind: "group",
      title: "First steps",
      members: [{ userId: "ada" }, { userId: "grace" }],
      idempotencyKey: randomUUID(),
    }),
  });
  const answer = (await response.json()) as { room?: { roomId?: string }; message?: string };
  const roomId = answer.room?.roomId;
  if (roomId === undefined) throw new Error(`the server did not create a room: ${answer.message ?? response.status}`);
  return roomId;
}

/** What a newcomer needs next; its last line says that all is ready. */
export function nextSteps({ grpcAddress, httpAddress, service, token }: ServedAt, roomId: string): string {
  const call = `grpcurl -plaintext -H "authorization: Bearer $MARU_TOKEN"`;
  const send = JSON.stringify({ roomId, actor: { userId: "ada" }, content: { text: { text: "hello" } } });
  return `
  gRPC      ${grpcAddress}
  HTTP      ${httpAddress}  (Connect, gRPC-Web, /healthz, /readyz, /metrics)
  data      in memory, gone when this ends

A token for the service "${service}", valid for a day, with this server only:

  export MARU_TOKEN=${token}

List the services, send a message, read it back:

  grpcurl -plaintext ${grpcAddress} list
  ${call} -d '${send}' ${grpcAddress} maru.chat.v1.MessageService/SendMessage
  ${call} -d '${JSON.stringify({ roomId })}' ${grpcAddress} maru.chat.v1.MessageService/ListMessages

Maru is ready. Stop it with Ctrl-C.
`;
}
