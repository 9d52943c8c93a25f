import { randomUUID } from "node:crypto";
import type { Running } from "./running.ts";

/** A room with two members, so that the printed lines work as they are. */
export async function createDemoRoom({ httpAddress, token }: Running): Promise<string> {
  const response = await fetch(`http://${httpAddress}/maru.chat.v1.RoomService/CreateRoom`, {
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

/** What else runs, and where its log is. */
export interface Places {
  readonly logFile: string;
  readonly gatewayUrl: string;
  readonly pageUrl: string;
}

/** What a newcomer needs next; its last line says that all is ready. */
export function nextSteps(running: Running, roomId: string, places: Places): string {
  const { logFile, gatewayUrl, pageUrl } = places;
  const { grpcAddress, httpAddress, brokers, dynamodbEndpoint, token } = running;
  const call = `grpcurl -plaintext -H "authorization: Bearer $MARU_TOKEN"`;
  const send = JSON.stringify({ roomId, actor: { userId: "ada" }, content: { text: { text: "hello" } } });
  return `
  page      ${pageUrl}  (open it in two windows; as Grace, you see what the line below sends)
  gRPC      ${grpcAddress}
  HTTP      http://${httpAddress}  (Connect, gRPC-Web, /healthz, /readyz, /metrics)
  gateway   ${gatewayUrl}  (WebSockets, docs/realtime.md)
  Kafka     ${brokers.join(",")}  (topic maru.room-events.v1)
  DynamoDB  ${dynamodbEndpoint}  (table maru)
  log       ${logFile}

A token for the service "demo", valid for a day, and what consumers need:

  export MARU_TOKEN=${token}
  export KAFKA_BROKERS=${brokers.join(",")}
  export DYNAMODB_ENDPOINT=${dynamodbEndpoint}

List the services, send a message, read it back:

  grpcurl -plaintext ${grpcAddress} list
  ${call} -d '${send}' ${grpcAddress} maru.chat.v1.MessageService/SendMessage
  ${call} -d '${JSON.stringify({ roomId })}' ${grpcAddress} maru.chat.v1.MessageService/ListMessages

Real conversations through it, from another terminal: npm run demo

Maru is ready. Stop it with Ctrl-C.
`;
}
