import type { DescEnum, DescFile, DescMessage } from "@bufbuild/protobuf";
import { Edition, FeatureSet_JsonFormat } from "@bufbuild/protobuf/wkt";
import type { BreakingChange } from "./breaking-changes.ts";

/** Whether a type promises a JSON form must not be taken back. */
export function jsonFormatChange(
  rule: string,
  old: DescMessage | DescEnum,
  now: DescMessage | DescEnum,
): BreakingChange[] {
  const [before, after] = [jsonFormat(old), jsonFormat(now)];
  if (before !== FeatureSet_JsonFormat.ALLOW || after === FeatureSet_JsonFormat.ALLOW) return [];
  return [{ rule, where: old.typeName, what: "no longer has a certain JSON form" }];
}

function jsonFormat(desc: DescMessage | DescEnum | DescFile): FeatureSet_JsonFormat {
  const own = desc.proto.options?.features?.jsonFormat;
  if (own !== undefined && own !== FeatureSet_JsonFormat.JSON_FORMAT_UNKNOWN) return own;
  if (desc.kind !== "file") return jsonFormat(desc.parent ?? desc.file);
  return desc.edition === Edition.EDITION_PROTO2
    ? FeatureSet_JsonFormat.LEGACY_BEST_EFFORT
    : FeatureSet_JsonFormat.ALLOW;
}
