import { create, toBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { type Maru, user } from "@maru/client";
import { RemittanceSchema, RemittanceStatus } from "../gen/acme/remittance/v1/remittance_pb.js";

/** Longer than a payment can take. */
const HOLD_MS = 15 * 60_000;

/** Tells the server what a remittance looks like: once per deployment; the same again changes nothing. */
export async function registerRemittances({ cards }: Pick<Maru, "cards">): Promise<void> {
  const descriptorSet = toBinary(
    FileDescriptorSetSchema,
    create(FileDescriptorSetSchema, { file: [RemittanceSchema.file.proto] }),
  );
  await cards.registerCardTypes({ descriptorSet, types: [RemittanceSchema.typeName] });
}

/** Sends a held card: the other one sees it when it has been paid. Resolves with its number. */
export async function sendRemittance(
  { cards }: Pick<Maru, "cards">,
  remittance: { roomId: string; payerId: string; payeeId: string; amountMinor: bigint },
): Promise<number> {
  const { roomId, payerId, payeeId, amountMinor } = remittance;
  const card = { payeeId, amountMinor, status: RemittanceStatus.PENDING };
  const { entry } = await cards.send(roomId, RemittanceSchema, card, { actor: user(payerId), holdMs: HOLD_MS });
  if (entry === undefined) throw new Error("the server answered without an entry");
  return entry.seq;
}
