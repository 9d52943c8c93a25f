import type { DescMethod, MessageShape } from "@bufbuild/protobuf";
import type { Transport } from "@connectrpc/connect";
import { type MaruError, toMaruError } from "@maru/client";
import type { Transcript } from "./transcript.ts";

type HeaderInit = ConstructorParameters<typeof Headers>[0];

/** Sends a token, writes down how calls end, and rejects with a MaruError, whatever the wire. */
export function recordedTransport(wire: Transport, token: string | undefined, transcript: Transcript): Transport {
  const refusal = (method: DescMethod, thrown: unknown): MaruError => {
    const error = toMaruError(thrown);
    transcript.refused(method, error);
    return error;
  };
  return {
    async unary(method, signal, timeoutMs, header, input, contextValues) {
      try {
        const headers = withToken(header, token);
        const answer = await wire.unary(method, signal, timeoutMs, headers, input, contextValues);
        transcript.served(method);
        return answer;
      } catch (error) {
        throw refusal(method, error);
      }
    },
    async stream(method, signal, timeoutMs, header, input, contextValues) {
      async function* recorded(parts: AsyncIterable<MessageShape<typeof method.output>>) {
        try {
          for await (const part of parts) {
            transcript.served(method);
            yield part;
          }
        } catch (error) {
          throw refusal(method, error);
        }
      }
      try {
        const headers = withToken(header, token);
        const answer = await wire.stream(method, signal, timeoutMs, headers, input, contextValues);
        return { ...answer, message: recorded(answer.message) };
      } catch (error) {
        throw refusal(method, error);
      }
    },
  };
}

function withToken(header: HeaderInit, token: string | undefined): Headers {
  const headers = new Headers(header);
  if (token !== undefined) headers.set("authorization", `Bearer ${token}`);
  return headers;
}
