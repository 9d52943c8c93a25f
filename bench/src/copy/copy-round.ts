import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BatchWriteItemCommand, CreateTableCommand, DeleteTableCommand } from "@aws-sdk/client-dynamodb";
import type { Stack } from "@maru/devstack";
import { runCopy } from "@maru/migrate/copy/run-copy.ts";
import { parseMapping } from "@maru/migrate/mapping/read-mapping.ts";
import { readConversationLines } from "@maru/migrate/monolith/conversation-lines.ts";
import { generatedRows } from "@maru/migrate/monolith/generated-rows.ts";
import { createDatabase, loadRows } from "@maru/migrate/monolith/load-rows.ts";
import { monolithMapping } from "@maru/migrate/monolith/schema.ts";
import { connectTarget, type Target } from "@maru/migrate/target/connect-target.ts";
import { runVerify } from "@maru/migrate/verify/run-verify.ts";
import type { AttributeMap } from "@maru/server/store/attribute-map.ts";
import { controlTable, roomTable } from "@maru/server/store/table-definitions.ts";
import { readAllItems } from "./read-all-items.ts";

export interface RoundPlan {
  readonly round: number;
  readonly messages: number;
  readonly parallel: number;
  readonly conversations: string | undefined;
}

export interface RoundResult {
  readonly round: number;
  readonly messages: number;
  readonly items: number;
  readonly copySeconds: number;
  readonly bareSeconds: number;
  readonly writeUnits: number;
  readonly differences: number;
  readonly verifySeconds: number;
}

const excerpt = join(import.meta.dirname, "../../../examples/demo/data/irc-20-rooms.ndjson.gz");
const batchItems = 25;

/** A monolith of its own: copied once, and its items put once more by calls that do nothing else. Which comes first alternates. */
export async function copyRound(stack: Stack, plan: RoundPlan): Promise<RoundResult> {
  const lines = await readConversationLines(plan.conversations ?? excerpt);
  const texts = lines.map(({ text }) => text).filter((text) => text !== "");
  const name = `copy_${plan.round}`;
  const source = await createDatabase(stack.postgres?.url ?? "", name, (client) =>
    loadRows(client, generatedRows({ messages: plan.messages, seed: plan.round + 1, texts })),
  );
  const [copied, bare] = [await makeTables(stack, name), await makeTables(stack, `${name}_bare`)];
  const folder = await mkdtemp(join(tmpdir(), "maru-bench-copy-"));
  const mapping = parseMapping(monolithMapping, "mapping.yaml");
  const signal = new AbortController().signal;
  const onProgress = () => undefined;
  try {
    const report = await runCopy({
      ...{ source, mapping, target: copied, migration: name, folder, signal, onProgress },
      ...{ parallel: plan.parallel, unitsPerSecond: undefined, roomsPerChunk: 25, restart: false },
    });
    const items = inCopyOrder(await readAllItems(copied));
    // The engine is as warm for either side: it has just written as many of the other.
    const bareSeconds = await putBare(bare, items, plan.parallel);
    const verified = await runVerify({
      ...{
        source,
        mapping,
        target: copied,
        sample: undefined,
        parallel: 8,
        roomsPerSpan: 200,
        attempts: 1,
        pauseMs: 0,
      },
      ...{ signal, onProgress },
    });
    const { seconds: copySeconds, writeUnits } = report;
    const { messages } = report.counts;
    const { differenceCount: differences, seconds: verifySeconds } = verified;
    const { round } = plan;
    return {
      round,
      messages: messages.source,
      items: items.length,
      copySeconds,
      bareSeconds,
      writeUnits,
      differences,
      verifySeconds,
    };
  } finally {
    for (const target of [copied, bare]) {
      await target.client.send(new DeleteTableCommand({ TableName: target.table }));
      target[Symbol.dispose]();
    }
    await rm(folder, { recursive: true, force: true });
  }
}

/** Without a stream: the local engine looks through the records of all streams at each write, once there are many. */
async function makeTables(stack: Stack, name: string): Promise<Target> {
  const target = connectTarget({
    ...{ endpoint: stack.dynamodb?.endpoint, region: "us-east-1", table: name, controlTable: `${name}_control` },
    credentials: { accessKeyId: "local", secretAccessKey: "local" },
  });
  const { StreamSpecification: _stream, ...rooms } = roomTable(target.table);
  await target.client.send(new CreateTableCommand(rooms));
  await target.client.send(new CreateTableCommand(controlTable(target.controlTable)));
  return target;
}

/** Room by room, as the copy puts them: the engine is faster with items that come in the order of its own keys. */
function inCopyOrder(items: readonly AttributeMap[]): AttributeMap[] {
  const rooms = Map.groupBy(items, ({ room_id }) => room_id?.S ?? "");
  return [...rooms].sort(([a], [b]) => a.length - b.length || (a < b ? -1 : 1)).flatMap(([, own]) => own);
}

async function putBare({ client, table }: Target, items: readonly AttributeMap[], parallel: number): Promise<number> {
  const startedAtMs = performance.now();
  let at = 0;
  const work = async () => {
    while (at < items.length) {
      const batch = items.slice(at, at + batchItems);
      at += batchItems;
      let left = batch.map((Item) => ({ PutRequest: { Item } }));
      while (left.length > 0) {
        const { UnprocessedItems } = await client.send(new BatchWriteItemCommand({ RequestItems: { [table]: left } }));
        left = (UnprocessedItems?.[table] ?? []) as typeof left;
      }
    }
  };
  await Promise.all(Array.from({ length: parallel }, work));
  return (performance.now() - startedAtMs) / 1000;
}
