import { createRouterTransport } from "@connectrpc/connect";
import { type Entry, type Member, MessageService, RoomService } from "@maru/protocol";
import { describe, expect, expectTypeOf, test } from "vitest";
import { createNounClients } from "./nouns.ts";
import { paginate } from "./pages.ts";

/** Three pages, the second of them empty. */
const pages: Record<string, { seqs: number[]; next: string }> = {
  "": { seqs: [42, 43], next: "p2" },
  p2: { seqs: [], next: "p3" },
  p3: { seqs: [44], next: "" },
  loop: { seqs: [1], next: "loop" },
};

function clients() {
  const asked: string[] = [];
  const { messages, rooms } = createNounClients(
    createRouterTransport((router) => {
      router.service(MessageService, {
        listMessages({ roomId, after, pageToken }) {
          asked.push(`${roomId} ${after} ${pageToken}`);
          const page = pages[pageToken];
          return { entries: page?.seqs.map((seq) => ({ roomId, seq })) ?? [], nextPageToken: page?.next ?? "" };
        },
      });
      router.service(RoomService, { getRoom: () => ({}) });
    }),
  );
  return { messages, rooms, asked };
}

describe("paginate", () => {
  test("gives every item of every page, and asks with the same fields each time", async () => {
    const { messages, asked } = clients();
    const entries = await Array.fromAsync(paginate(messages.list, { roomId: "r", after: 41 }));
    expect(entries.map(({ seq }) => seq)).toEqual([42, 43, 44]);
    expect(asked).toEqual(["r 41 ", "r 41 p2", "r 41 p3"]);
  });

  test("asks for the next page only when the loop gets there", async () => {
    const { messages, asked } = clients();
    for await (const entry of paginate(messages.list, { roomId: "r", after: 41 })) if (entry.seq === 43) break;
    expect(asked).toHaveLength(1);
  });

  test("begins at a page token when there is one", async () => {
    const { messages } = clients();
    const entries = await Array.fromAsync(paginate(messages.list, { roomId: "r", pageToken: "p3" }));
    expect(entries.map(({ seq }) => seq)).toEqual([44]);
  });

  test("ends with CANCELLED when the signal is aborted, in the middle of a page too", async () => {
    const { messages } = clients();
    const stop = new AbortController();
    const seen: number[] = [];
    const reading = async () => {
      for await (const entry of paginate(messages.list, { roomId: "r" }, { signal: stop.signal })) {
        seen.push(entry.seq);
        stop.abort();
      }
    };
    await expect(reading()).rejects.toMatchObject({ code: "CANCELLED" });
    expect(seen).toEqual([42]);
  });

  test("does not go round for ever when a server repeats a token", async () => {
    const { messages } = clients();
    const reading = Array.fromAsync(paginate(messages.list, { roomId: "r", pageToken: "loop" }));
    await expect(reading).rejects.toMatchObject({ code: "INTERNAL" });
  });

  test("refuses functions that are not methods of the client, and methods without pages", async () => {
    const { messages, rooms } = clients();
    const own = (request: { roomId: string }) => messages.list(request);
    await expect(paginate(own, { roomId: "r" }).next()).rejects.toThrow("give a method of the client itself");
    await expect(Reflect.apply(paginate, undefined, [rooms.get, {}]).next()).rejects.toThrow("GetRoom does not answer");
  });

  test("knows the item's type from the response", () => {
    const { messages, rooms } = clients();
    expectTypeOf(paginate(messages.list, {})).toEqualTypeOf<AsyncGenerator<Entry, void, undefined>>();
    expectTypeOf(paginate(rooms.listMembers, {})).toEqualTypeOf<AsyncGenerator<Member, void, undefined>>();
  });
});
