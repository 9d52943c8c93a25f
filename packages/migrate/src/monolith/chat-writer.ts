import { Client } from "pg";
import { createDice, type Dice } from "./dice.ts";

/** People who chat in the monolith, until they are stopped: they send, edit, delete, join, leave, read, and make rooms. */
export interface ChatWriter {
  /** Committed so far. */
  readonly committed: number;
  /** Refused, because the room had moved to Maru. */
  readonly refused: number;
  stop(): Promise<void>;
}

export interface ChatOptions {
  readonly source: string;
  readonly writers: number;
  readonly seed: number;
  readonly texts: readonly string[];
  /** Between two transactions of one writer. */
  readonly pauseMs: number;
}

export async function startChatWriter(options: ChatOptions): Promise<ChatWriter> {
  const counts = { committed: 0, refused: 0 };
  const stopping = new AbortController();
  const running = Array.from({ length: options.writers }, (_, index) => write(options, index, counts, stopping.signal));
  return {
    get committed() {
      return counts.committed;
    },
    get refused() {
      return counts.refused;
    },
    async stop() {
      stopping.abort();
      await Promise.all(running);
    },
  };
}

async function write(
  options: ChatOptions,
  index: number,
  counts: { committed: number; refused: number },
  signal: AbortSignal,
): Promise<void> {
  const dice = createDice(options.seed * 1000 + index);
  const client = new Client({ connectionString: options.source });
  client.on("error", () => undefined);
  await client.connect();
  try {
    while (!signal.aborted) {
      try {
        await client.query("begin");
        for (let acts = 1 + dice.int(3); acts > 0; acts--) await act(client, dice, options.texts);
        await client.query("commit");
        counts.committed++;
      } catch (error) {
        await client.query("rollback");
        if ((error as { code?: string }).code !== "MR001") throw error;
        counts.refused++;
      }
      await new Promise((resolve) => setTimeout(resolve, dice.int(options.pauseMs * 2)));
    }
  } finally {
    await client.end();
  }
}

async function act(client: Client, dice: Dice, texts: readonly string[]): Promise<void> {
  const one = async (sql: string, values: unknown[] = []) =>
    (await client.query<Record<string, string>>(sql, values)).rows[0];
  const room = await one("select id from rooms where deleted_at is null order by random() limit 1");
  const roomId = room?.id;
  if (roomId === undefined || dice.once(40)) return void (await makeRoom(client, dice));
  const member = await one(
    "select id, user_id from participants where room_id = $1 and deleted_at is null order by random() limit 1",
    [roomId],
  );
  const message = await one(
    "select id from messages where room_id = $1 and sender_id is not null and deleted_at is null order by id desc limit 1 offset $2",
    [roomId, dice.int(30)],
  );
  const roll = dice.int(100);
  if (member === undefined || roll < 6) await join(client, dice, roomId);
  else if (roll < 60 || message === undefined) {
    const reply = dice.once(4) ? (message?.id ?? null) : null;
    const sent = await one(
      "insert into messages (room_id, sender_id, body, reply_to_id, created_at, updated_at) values ($1, $2, $3, $4, clock_timestamp() at time zone 'UTC', now()) returning id",
      [roomId, member.user_id, dice.pick(texts), reply],
    );
    if (!dice.once(20)) return;
    await client.query(
      "insert into attachments (message_id, url, content_type, byte_size, width, height, filename) values ($1, $2, 'image/png', 1234, 640, 480, 'a.png')",
      [sent?.id, `https://pictures.example.com/${sent?.id}.png`],
    );
  } else if (roll < 70) {
    await client.query(
      "update messages set body = $2, edited_at = clock_timestamp() at time zone 'UTC', updated_at = now() where id = $1",
      [message.id, `${dice.pick(texts)} (edited)`],
    );
  } else if (roll < 76) {
    await client.query(
      "update messages set deleted_at = clock_timestamp() at time zone 'UTC', updated_at = now() where id = $1",
      [message.id],
    );
  } else if (roll < 80) {
    await client.query("update participants set deleted_at = clock_timestamp() at time zone 'UTC' where id = $1", [
      member.id,
    ]);
  } else if (roll < 82) {
    await client.query("update rooms set title = $2 where id = $1", [roomId, dice.pick(texts).slice(0, 60)]);
  } else if (roll < 84) {
    await client.query(
      "update participants set role = case role when 'admin' then 'member' else 'admin' end where id = $1",
      [member.id],
    );
  } else {
    await client.query("update participants set last_read_message_id = $2 where id = $1", [member.id, message.id]);
  }
}

async function makeRoom(client: Client, dice: Dice): Promise<void> {
  const { rows } = await client.query<{ id: string }>(
    "insert into rooms (kind, title, created_at, updated_at) values ('group', 'new', clock_timestamp() at time zone 'UTC', now()) returning id",
  );
  const users = new Set(Array.from({ length: 2 + dice.int(4) }, () => 1 + dice.int(500)));
  for (const userId of users) await addParticipant(client, rows[0]?.id, userId);
}

async function join(client: Client, dice: Dice, roomId: string): Promise<void> {
  const userId = 1 + dice.int(500);
  // One at a time: a user has one row that holds.
  await client.query("select pg_advisory_xact_lock($1::int, $2::int)", [Number(roomId), userId]);
  const { rowCount } = await client.query("select 1 from participants where room_id = $1 and user_id = $2", [
    roomId,
    userId,
  ]);
  if (rowCount === 0) await addParticipant(client, roomId, userId);
}

async function addParticipant(client: Client, roomId: string | undefined, userId: number): Promise<void> {
  await client.query(
    "insert into participants (room_id, user_id, created_at, updated_at) values ($1, $2, clock_timestamp() at time zone 'UTC', now())",
    [roomId, userId],
  );
}
