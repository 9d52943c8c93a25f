import type { CardType, RegisterCardTypesRequest } from "@maru/protocol";
import { ErrorReason } from "@maru/protocol";
import { MaruError } from "../../errors.ts";
import type { Call } from "../call.ts";
import type { Domain } from "../domain.ts";
import { type BreakingChange, breakingChanges } from "./breaking-changes.ts";
import type { CardTypeRecord } from "./card-type-store.ts";
import type { CardTypes } from "./card-types.ts";
import { notOwned } from "./not-owned.ts";
import { toCardType } from "./to-card-type.ts";
import { type TypeDescriptors, typeDescriptors } from "./type-descriptors.ts";

const maxAttempts = 20;

/** All of the types or none: another registration of one of them meanwhile makes it decide again. */
export async function registerCardTypes(
  { cards, log }: Domain,
  call: Call,
  request: RegisterCardTypesRequest,
): Promise<{ readonly cardTypes: CardType[] }> {
  const wanted = typeDescriptors(request.descriptorSet, request.types);
  for (let attempt = 0; attempt < maxAttempts; attempt++) {
    call.signal.throwIfAborted();
    const registered = await cards.store.readTypes(request.types);
    const records = new Map<string, CardTypeRecord>();
    for (const [type, descriptors] of wanted) {
      const before = registered.get(type);
      const record = await recordAfter(cards, call.caller, type, before, descriptors);
      records.set(type, { ...record, registeredAtMs: before === record ? record.registeredAtMs : log.clock.nowMs() });
    }
    const changed = [...records.values()].filter(({ type, revision }) => registered.get(type)?.revision !== revision);
    await putDescriptors(cards, changed, wanted);
    if (changed.length === 0 || (await cards.store.putTypes(changed)) === "stored") {
      return { cardTypes: [...records.values()].map(toCardType) };
    }
    await log.sleep(log.random() * log.limits.lossPauseMaxMs);
  }
  throw new MaruError(ErrorReason.APPEND_CONTENDED, {
    message: "these types are being registered by too many callers at once; nothing was written",
    retryAfterMs: 50,
  });
}

/** The record itself where the descriptors are those that are registered. */
async function recordAfter(
  cards: CardTypes,
  caller: string,
  type: string,
  before: CardTypeRecord | undefined,
  { message, hash }: TypeDescriptors,
): Promise<CardTypeRecord> {
  if (before === undefined) return { type, owner: caller, revision: 1, registeredAtMs: 0, descriptorHash: hash };
  if (before.owner !== caller) throw notOwned(type, caller);
  if (before.descriptorHash === hash) return before;
  const changes = breakingChanges((await cards.open(before)).message, message);
  if (changes.length > 0) throw incompatible(type, changes);
  return { ...before, revision: before.revision + 1, descriptorHash: hash };
}

async function putDescriptors(
  { store }: CardTypes,
  changed: readonly CardTypeRecord[],
  wanted: ReadonlyMap<string, TypeDescriptors>,
): Promise<void> {
  const byHash = new Map(changed.map(({ type, descriptorHash }) => [descriptorHash, wanted.get(type)]));
  for (const [hash, descriptors] of byHash) {
    if (descriptors !== undefined) await store.putDescriptors(hash, descriptors.descriptorSet);
  }
}

/** The first change is in the message, which is short on the wire; the violations have them all. */
function incompatible(type: string, changes: readonly BreakingChange[]): MaruError {
  const said = changes.map(({ rule, where, what }) => `${where} ${what} (${rule})`);
  const others = said.length > 1 ? `; and ${said.length - 1} more` : "";
  return new MaruError(ErrorReason.CARD_TYPES_INCOMPATIBLE, {
    metadata: { card_type: type },
    message: `older readers would stumble: ${said[0]}${others}`,
    violations: said.map((description) => ({ field: "descriptor_set", description })),
  });
}
