import type { Entry } from "@maru/protocol";
import type { WriteCommand } from "./command.ts";

/** Written again on purpose, and not imported: the model must not share a mistake with what it judges. */
export function bornAtMsOf(key: string): number | undefined {
  const [high, low, version] = key.split("-");
  return key.length === 36 && version?.startsWith("7") ? Number.parseInt(`${high}${low}`, 16) : undefined;
}

/** Who used which key. Entries of other writers have a caller of their own. */
export function scopeOfEntry({ caller, actor, idempotencyKey }: Entry): string {
  const sender = actor?.kind.case === "userId" ? actor.kind.value : "service";
  return `${caller === "tests" ? "" : caller}/${sender}/${idempotencyKey}`;
}

export function scopeOfCommand({ actor, key }: WriteCommand): string {
  return `/${actor}/${key}`;
}
