import { describe, expect, test } from "vitest";
import { chooseServer, rankServers, rotateServers } from "./affinity.ts";

const servers = ["a:1", "b:1", "c:1", "d:1"].map((name) => ({ name }));
const rooms = Array.from({ length: 4000 }, (_, n) => `room-${n}`);
const first = (list: typeof servers, room: string) => rankServers(list, room)[0]?.name ?? "";

describe("rendezvous hashing", () => {
  test("every client finds the same order, however its addresses are ordered", () => {
    for (const room of rooms.slice(0, 100)) {
      expect(rankServers([...servers].reverse(), room)).toEqual(rankServers(servers, room));
    }
  });

  test("rooms are spread evenly", () => {
    const counts = Map.groupBy(rooms, (room) => first(servers, room));
    expect(counts.size).toBe(4);
    for (const [, some] of counts) expect(some.length).toBeGreaterThan(850);
  });

  test("a server that goes away moves only its own rooms, and spreads them over the others", () => {
    const left = servers.slice(1);
    const moved = rooms.filter((room) => first(servers, room) !== first(left, room));
    expect(moved.every((room) => first(servers, room) === "a:1")).toBe(true);
    for (const room of moved) expect(first(left, room)).toBe(rankServers(servers, room)[1]?.name);
    expect(new Set(moved.map((room) => first(left, room))).size).toBe(3);
  });
});

describe("the choice of a server", () => {
  const order = ["a", "b", "c"];
  const choose = (away: string[], tried: string[]) =>
    chooseServer(order, (server) => away.includes(server), new Set(tried));

  test("is the first that is neither away nor tried", () => {
    expect(choose([], [])).toBe("a");
    expect(choose(["a"], [])).toBe("b");
    expect(choose(["a"], ["b"])).toBe("c");
  });

  test("is one that is thought to be away before one that just failed this call", () => {
    expect(choose(["b", "c"], ["a"])).toBe("b");
  });

  test("never fails because all are away or tried", () => {
    expect(choose(["a", "b", "c"], ["a", "b", "c"])).toBe("a");
    expect(choose(["a"], ["a", "b", "c"])).toBe("b");
  });

  test("calls without a room go around the circle", () => {
    expect([0, 1, 2, 3].map((turn) => rotateServers(order, turn)[0])).toEqual(["a", "b", "c", "a"]);
  });
});
