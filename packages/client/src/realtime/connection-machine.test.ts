import { create } from "@bufbuild/protobuf";
import { LimitsSchema } from "@maru/protocol/realtime";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type Connection,
  type ConnectionInput,
  type ConnectionWorld,
  idleConnection,
  stepConnection,
  wakeAtMs,
} from "./connection-machine.ts";
import { RealtimeError } from "./realtime-error.ts";
import { backoffMs, judgeClose, toReconnectPolicy } from "./reconnect.ts";

const policy = toReconnectPolicy();
const limits = create(LimitsSchema, { heartbeatMs: 10_000, pingTimeoutMs: 30_000 });
const why = new RealtimeError({ message: "lost" });
const world = (nowMs: number, more: Partial<ConnectionWorld> = {}): ConnectionWorld => ({
  url: "wss://a",
  policy,
  fixedToken: false,
  nowMs,
  random: 0.5,
  ...more,
});

function run(
  inputs: readonly (readonly [number, ConnectionInput, Partial<ConnectionWorld>?])[],
  from = idleConnection,
) {
  let next: Connection = from;
  const done: string[] = [];
  for (const [nowMs, input, more] of inputs) {
    const step = stepConnection(next, input, world(nowMs, more));
    next = step.next;
    done.push(...step.effects.map((effect) => (effect.do === "open" ? `open ${effect.url}` : effect.do)));
  }
  return { next, done };
}

const connect = (nowMs: number, token = "t"): [number, ConnectionInput][] => [
  [nowMs, { is: "start" }],
  [nowMs, { is: "tick" }],
  [nowMs, { is: "token", token }],
  [nowMs, { is: "welcome", limits }],
];
const lostWith = (code: number): ConnectionInput => ({ is: "lost", code, why });
const waitMs = (connection: Connection, nowMs: number) =>
  connection.phase.at === "waiting" ? connection.phase.untilMs - nowMs : undefined;

describe("a connection", () => {
  test("asks for a token for each attempt", () => {
    const { done } = run([
      ...connect(0),
      [5, lostWith(1006)],
      [600, { is: "tick" }],
      [600, { is: "token", token: "u" }],
    ]);
    expect(done).toEqual(["askToken", "open wss://a", "askToken", "open wss://a"]);
  });

  test("waits longer each time, up to a bound, and starts again after a healthy minute", () => {
    let connection = run(connect(0)).next;
    const waits: (number | undefined)[] = [];
    for (let nowMs = 0; waits.length < 8; nowMs += 100_000) {
      connection = run([[nowMs, lostWith(1006)]], connection).next;
      waits.push(waitMs(connection, nowMs));
      connection = run(
        [[nowMs + 50_000, { is: "tick" }], ...connect(nowMs + 50_000), [nowMs + 99_000, { is: "heard" }]],
        connection,
      ).next;
    }
    expect(waits).toEqual([500, 1000, 2000, 4000, 8000, 15_000, 15_000, 15_000]);
    expect(waitMs(run([[1e7, lostWith(1006)]], connection).next, 1e7)).toBe(500);
  });

  test.each([4000, 4099, 1001, 1006, 1011])("comes back after %i", (code) => {
    expect(run([...connect(0), [5, lostWith(code)]]).next.phase.at).toBe("waiting");
  });

  test.each([4200, 4299])("stops with an error after %i", (code) => {
    expect(run([...connect(0), [5, lostWith(code)]]).next.phase).toEqual({ at: "closed", error: why });
  });

  test("comes back with another token after 4100 to 4199, and stops when there is no other", () => {
    expect(run([...connect(0), [5, lostWith(4100)]]).next.phase.at).toBe("waiting");
    expect(run([...connect(0), [5, lostWith(4100), { fixedToken: true }]]).next.phase.at).toBe("closed");
    const refused = (token: string): [number, ConnectionInput][] => [
      [1e6, { is: "tick" }],
      [1e6, { is: "token", token }],
      [1e6, lostWith(4101)],
    ];
    const { next } = run([...connect(0), [5, lostWith(4101)], ...refused("u")]);
    expect(
      run(
        [
          [2e6, { is: "tick" }],
          [2e6, { is: "token", token: "v" }],
          [2e6, lostWith(4101)],
        ],
        next,
      ).next.phase.at,
    ).toBe("waiting");
    const again = (nowMs: number): [number, ConnectionInput][] => [
      [nowMs, { is: "tick" }],
      [nowMs, { is: "token", token: "u" }],
      [nowMs, lostWith(4101)],
    ];
    expect(run([...again(2e6), ...again(3e6)], next).next.phase.at).toBe("closed");
  });

  test("is dropped when the gateway is silent for two heartbeats", () => {
    const { next, done } = run([...connect(0), [19_999, { is: "tick" }], [20_000, { is: "tick" }]]);
    expect(next.phase.at).toBe("waiting");
    expect(done.at(-1)).toBe("drop");
  });

  test("pings well before the gateway takes it for gone", () => {
    const heard = run([...connect(0), [9_000, { is: "heard" }]]);
    expect(wakeAtMs(heard.next)).toBe(10_000);
    expect(run([[10_000, { is: "tick" }]], heard.next).done).toEqual(["ping"]);
    expect(
      run(
        [
          [9_999, { is: "sent" }],
          [10_000, { is: "tick" }],
        ],
        heard.next,
      ).done,
    ).toEqual([]);
  });

  test("leaves a gateway that drains when it was told to, for where it was told to", () => {
    const drain: ConnectionInput = { is: "drain", reconnectAfterMs: 700, url: "wss://b" };
    const { done } = run([
      ...connect(0),
      [100, drain],
      [799, { is: "tick" }],
      [800, { is: "tick" }],
      [800, { is: "token", token: "t" }],
    ]);
    expect(done.slice(2)).toEqual(["drop", "askToken", "open wss://b"]);
    const closedEarly = run([...connect(0), [100, drain], [200, lostWith(4000)]]).next;
    expect(waitMs(closedEarly, 200)).toBe(600);
    expect(run([[300, { is: "online" }]], closedEarly).next.phase.at).toBe("waiting");
  });

  test("asks at its own address again when the one that a drain named does not help, and waits as after any failure", () => {
    const drain: ConnectionInput = { is: "drain", reconnectAfterMs: 0, url: "wss://b" };
    const moved = run([
      ...connect(0),
      [1, drain],
      [1, { is: "tick" }],
      [1, { is: "token", token: "t" }],
      [2, lostWith(1006)],
    ]);
    expect(moved.done.at(-1)).toBe("open wss://b");
    expect(waitMs(moved.next, 2)).toBe(500);
    expect(
      run(
        [
          [600, { is: "tick" }],
          [600, { is: "token", token: "t" }],
        ],
        moved.next,
      ).done.at(-1),
    ).toBe("open wss://a");
  });

  test("does not follow a drain from an encrypted address to an open one", () => {
    const drain: ConnectionInput = { is: "drain", reconnectAfterMs: 0, url: "ws://b" };
    expect(run([...connect(0), [1, drain], [1, { is: "tick" }], [1, { is: "token", token: "t" }]]).done.at(-1)).toBe(
      "open wss://a",
    );
  });

  test("does not wait for the pause when the device is online again", () => {
    expect(run([...connect(0), [5, lostWith(1006)], [6, { is: "online" }]]).next.phase.at).toBe("token");
  });

  test("gives up an attempt that takes too long, and a token that does not come", () => {
    expect(
      run([
        [0, { is: "start" }],
        [20_000, { is: "tick" }],
      ]).next.phase.at,
    ).toBe("waiting");
    expect(
      run([
        [0, { is: "start" }],
        [0, { is: "token", token: "t" }],
        [20_000, { is: "tick" }],
      ]).next.phase.at,
    ).toBe("waiting");
  });

  test("always has something that it waits for, until it is closed, whatever happens", () => {
    const input: fc.Arbitrary<ConnectionInput> = fc.oneof(
      fc.constantFrom<ConnectionInput>(
        { is: "start" },
        { is: "heard" },
        { is: "sent" },
        { is: "tick" },
        { is: "online" },
      ),
      fc.constantFrom<ConnectionInput>(
        { is: "token", token: "t" },
        { is: "tokenFailed", error: why },
        { is: "welcome", limits },
      ),
      fc.constant<ConnectionInput>({ is: "drain", reconnectAfterMs: 50, url: "" }),
      fc.constantFrom(1006, 4000, 4100, 4101, 4200).map(lostWith),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(30_000), input), { maxLength: 60 }), (inputs) => {
        let nowMs = 0;
        let next = stepConnection(idleConnection, { is: "start" }, world(0)).next;
        for (const [passedMs, one] of inputs) {
          nowMs += passedMs;
          next = stepConnection(next, one, world(nowMs)).next;
          const wakeAt = wakeAtMs(next);
          expect(wakeAt !== undefined || next.phase.at === "closed").toBe(true);
        }
      }),
      { numRuns: 200 },
    );
  });
});

test("the back-off is a random part of a bound that doubles up to half a minute", () => {
  expect(backoffMs(policy, 0, 1)).toBe(1000);
  expect(backoffMs(policy, 3, 0.25)).toBe(2000);
  expect(backoffMs(policy, 1000, 1)).toBe(30_000);
  expect(backoffMs(policy, 9, 0)).toBe(0);
});

test("every code of the contract's ranges has its verdict", () => {
  expect([4000, 4005, 4100, 4101, 4200, 4202, 1000, 3000].map(judgeClose)).toEqual([
    "comeBack",
    "comeBack",
    "newToken",
    "newToken",
    "stop",
    "stop",
    "comeBack",
    "comeBack",
  ]);
});
