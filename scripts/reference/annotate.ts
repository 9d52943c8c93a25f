import { getExtension, hasExtension } from "@bufbuild/protobuf";
import type { DescriptorProto, FileDescriptorProto, FileDescriptorSet } from "@bufbuild/protobuf/wkt";
import * as validate from "../../packages/protocol/src/gen/buf/validate/validate_pb.js";
import { messageRuleWords, ruleWords } from "./rule-words.ts";

/**
 * Appends to the contracts' comments what the generator of pages does not read by itself: streams, the comments of
 * oneofs, and the rules. Each is a line that begins with a mark, which the templates look for.
 */
export function annotate({ file: files }: FileDescriptorSet): void {
  for (const file of files) {
    if (!file.name.startsWith("maru/")) continue;
    const comments = commentsOf(file);
    file.service.forEach((service, index) => {
      service.method.forEach((method, methodIndex) => {
        if (method.clientStreaming) throw new Error(`${method.name}: the templates know no streams of requests`);
        if (method.serverStreaming) comments.append([6, index, 2, methodIndex], "@stream");
      });
    });
    file.messageType.forEach((message, index) => {
      annotateMessage(comments, [4, index], message);
    });
  }
}

function annotateMessage(comments: Comments, path: readonly number[], message: DescriptorProto): void {
  if (message.nestedType.some(({ options }) => !options?.mapEntry) || message.enumType.length > 0) {
    throw new Error(`${message.name}: the templates know no messages within messages`);
  }
  if (message.options && hasExtension(message.options, validate.message)) {
    const words = messageRuleWords(getExtension(message.options, validate.message));
    for (const word of words) comments.append(path, `@rule ${word}`);
  }
  message.oneofDecl.forEach(({ name }, index) => {
    const said = comments.read([...path, 8, index]);
    if (said !== "") comments.append(path, `@oneof ${name}: ${said}`);
  });
  message.field.forEach(({ options }, index) => {
    if (options === undefined || !hasExtension(options, validate.field)) return;
    const words = ruleWords(getExtension(options, validate.field));
    if (words.length > 0) comments.append([...path, 2, index], `@rule ${words.join(", ")}`);
  });
}

interface Comments {
  /** In one line. */
  read(path: readonly number[]): string;
  append(path: readonly number[], line: string): void;
}

function commentsOf(file: FileDescriptorProto): Comments {
  const locations = new Map(file.sourceCodeInfo?.location.map((location) => [location.path.join("."), location]));
  return {
    read: (path) => locations.get(path.join("."))?.leadingComments.trim().replace(/\s+/g, " ") ?? "",
    append(path, line) {
      const location = locations.get(path.join("."));
      if (location === undefined) throw new Error(`${file.name} says nothing of ${path.join(".")}`);
      location.leadingComments = `${location.leadingComments.trimEnd()}\n${line}\n`;
    },
  };
}
