import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fromBinary, toJson } from "@bufbuild/protobuf";
import { RoomEventSchema } from "@maru/protocol";
import { describe, expect, test } from "vitest";
import { sampleEvents } from "../../test/samples/sample-events.ts";
import { decodeEvent, kindOfType } from "./decode.ts";

const samples = join(import.meta.dirname, "../../test/samples");
const versions = readdirSync(samples).filter((name) => name.startsWith("v"));

test("there are samples of versions, and each entry type of the contract has one to be written with the next", () => {
  expect(versions).toContain("v0.1");
  const types = new Set([...sampleEvents().values()].map(({ entry }) => entry?.type));
  expect([...types].sort()).toEqual([...kindOfType.keys()].sort());
});

describe.each(versions)("events as %s wrote them", (version) => {
  const names = readdirSync(join(samples, version)).flatMap((file) => (file.endsWith(".bin") ? file.slice(0, -4) : []));

  test.each(names)("%s", (name) => {
    const read = (extension: string) => readFileSync(join(samples, version, `${name}.${extension}`));
    const expected = JSON.parse(read("json").toString());
    const value = new Uint8Array(read("bin"));
    expect(toJson(RoomEventSchema, fromBinary(RoomEventSchema, value))).toEqual(expected);

    const { roomId, seq, type } = expected.entry;
    const key = new TextEncoder().encode(roomId);
    const record = { topic: "t", partition: 0, offset: 0n, key, value, headers: {}, timestampMs: 0 };
    const event = decodeEvent(record);
    if (event.kind === "unreadable") throw new Error("it holds an entry");
    expect(event).toMatchObject({ roomId, seq, type, kind: kindOfType.get(type), healed: true });
    expect(event.committedAt?.toJSON()).toBe(expected.committedAt);
    expect(event.body).toBeDefined();
  });
});

test("what a version wrote is never written again", () => {
  const run = () => execFileSync(process.execPath, [join(samples, "write-samples.ts"), "0.1"], { stdio: "pipe" });
  expect(run).toThrow(/is never written again/);
});
