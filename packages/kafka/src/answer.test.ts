import { expect, test } from "vitest";
import { missingFromAnswer } from "./answer.ts";

const at = (topic: string, partition: number) => ({ topic, partition });
const answered = (topicName: string, partition: number) => ({ topicName, partition });

test("an answer that names everything that was sent lacks nothing", () => {
  expect(missingFromAnswer([at("t", 1), at("t", 2)], [answered("t", 2), answered("t", 1)])).toEqual([]);
});

test("a partition that the answer does not name is missing", () => {
  expect(missingFromAnswer([at("t", 1), at("t", 2)], [answered("t", 1)])).toEqual([at("t", 2)]);
  expect(missingFromAnswer([at("t", 1)], [])).toEqual([at("t", 1)]);
});

test("the same partition of another topic does not count", () => {
  expect(missingFromAnswer([at("t", 1)], [answered("u", 1)])).toEqual([at("t", 1)]);
});
