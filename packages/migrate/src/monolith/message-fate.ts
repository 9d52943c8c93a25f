import type { Dice } from "./dice.ts";
import { type MessageFate, timestampColumn } from "./rows.ts";

/** Some messages are edited, deleted, or carry a picture. */
export function messageFate(dice: Dice, messageId: number, createdMicros: number): MessageFate {
  const later = () => timestampColumn(createdMicros + 1_000_000 + dice.int(600_000_000));
  return {
    edited_at: dice.once(50) ? later() : null,
    deleted_at: dice.once(100) ? later() : null,
    attachment: dice.once(60) ? picture(dice, messageId) : undefined,
  };
}

function picture(dice: Dice, messageId: number): MessageFate["attachment"] {
  return {
    url: `https://pictures.example.com/${messageId}.jpg`,
    content_type: "image/jpeg",
    byte_size: 10_000 + dice.int(2_000_000),
    width: 800 + dice.int(1200),
    height: 600 + dice.int(900),
    filename: `IMG_${messageId}.jpg`,
  };
}
