import { once } from "node:events";
import { createServer, type Server } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { ForeignEngineError } from "./errors.ts";
import { foreignEngines } from "./foreign.ts";
import { startStack } from "./stack.ts";
import { useForeign } from "./use-foreign.ts";

let listener: Server;
let url: string;
beforeEach(async () => {
  listener = createServer().listen(0, "127.0.0.1");
  await once(listener, "listening");
  const address = listener.address();
  url = `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`;
});
afterEach(() => void listener.close());

test("an object store and a Trino that are there already are used, and cannot be stopped", async () => {
  const env = { MARU_OBJECT_STORE_ENDPOINT: url, MARU_TRINO_URL: url };
  const used = await useForeign({ objectStore: true, trino: true }, foreignEngines(env));
  expect(used).toMatchObject({ objectStore: { endpoint: url, owned: false }, trino: { url, owned: false } });
  expect(() => used.objectStore?.node()).toThrow(ForeignEngineError);
  expect(() => used.trino?.node()).toThrow(ForeignEngineError);
});

test("what is not asked for is not used, though its address is given", async () => {
  expect(await useForeign({ trino: false }, foreignEngines({ MARU_TRINO_URL: url }))).toEqual({});
});

test("a Trino that is there already is refused without the store that it reads", async () => {
  const used = useForeign({ objectStore: true, trino: true }, foreignEngines({ MARU_TRINO_URL: url }));
  await expect(used).rejects.toThrow(/name that with MARU_OBJECT_STORE_ENDPOINT\.$/);
});

test("Trino is refused where no object store is asked for", async () => {
  await expect(startStack({ trino: true, env: {} })).rejects.toThrow(
    "trino needs objectStore: its tables are in there.",
  );
});
