import { once } from "node:events";
import { createServer, type IncomingMessage, type Server } from "node:http";
import { afterEach, beforeEach, expect, test } from "vitest";
import { queryTrino, TrinoQueryError } from "./query.ts";

type Answer = { status: number; body: object | string };

let server: Server;
let url: string;
let answers: Answer[];
let requests: { method: string | undefined; path: string | undefined; headers: IncomingMessage["headers"] }[];

/** Speaks Trino's protocol from a list; the last answer is repeated. */
beforeEach(async () => {
  requests = [];
  server = createServer((request, response) => {
    const { method, url: path, headers } = request;
    requests.push({ method, path, headers });
    const { status, body } = (answers.length > 1 ? answers.shift() : answers[0]) as Answer;
    response.writeHead(status).end(typeof body === "string" ? body : JSON.stringify(body));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  url = `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`;
});
afterEach(() => void server.close());

const columns = [{ name: "a", type: "bigint", typeSignature: {} }];
const pageOf = (body: object): Answer => ({ status: 200, body });

test("the rows of all pages come together, and a busy server is asked again", async () => {
  answers = [
    pageOf({ nextUri: `${url}/queued` }),
    { status: 503, body: "busy" },
    pageOf({ columns, data: [[1], [2]], nextUri: `${url}/2` }),
    pageOf({ columns, data: [[3]], stats: { physicalInputBytes: 70 } }),
  ];
  const answer = await queryTrino(url, "select a from t", {
    catalog: "lake",
    schema: "maru",
    session: { "lake.compression_codec": "ZSTD", query_max_run_time: "1 m" },
  });
  expect(answer).toEqual({ columns: [{ name: "a", type: "bigint" }], rows: [[1], [2], [3]], readBytes: 70 });
  expect(requests.map(({ method, path }) => `${method} ${path}`)).toEqual([
    "POST /v1/statement",
    "GET /queued",
    "GET /queued",
    "GET /2",
  ]);
  expect(requests[0]?.headers).toMatchObject({
    "x-trino-catalog": "lake",
    "x-trino-schema": "maru",
    "x-trino-session": "lake.compression_codec=ZSTD,query_max_run_time=1%20m",
  });
});

test("a refused query is an error with Trino's own name of it", async () => {
  answers = [pageOf({ error: { message: "line 1:8: Column 'b' cannot be resolved", errorName: "COLUMN_NOT_FOUND" } })];
  const refused = await queryTrino(url, "select b from t").catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(TrinoQueryError);
  expect(refused).toMatchObject({ message: "line 1:8: Column 'b' cannot be resolved", errorName: "COLUMN_NOT_FOUND" });
});

test("an answer that is no page is an error that quotes it", async () => {
  answers = [{ status: 404, body: "no such thing" }];
  await expect(queryTrino(url, "select 1")).rejects.toThrow("Trino answered 404: no such thing");
});
