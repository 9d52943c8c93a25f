import { createClient } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import { AdminService, CardService, ErrorReason } from "@maru/protocol";
import { expect, test } from "vitest";
import { serveService } from "../src/api/service-registration.ts";
import { MaruError } from "../src/errors.ts";
import type { Grant, Policy } from "../src/policy/policy.ts";
import { type ApiServer, startApiServer } from "./api-server.ts";
import { wiresTo } from "./api-wires.ts";

const everything: Grant = {
  methods: undefined,
  kinds: undefined,
  actAsUsers: true,
  actAsSystem: true,
  rate: undefined,
};

function granting(grant: Partial<Grant>): { policy: Policy } {
  return { policy: { grantOf: () => ({ ...everything, ...grant }) } };
}

const auditOf = ({ logged }: ApiServer) => logged.filter(({ message }) => message === "audit");

test("each answer says what is left of the caller's share, and beyond it comes a refusal that says when to try again", async () => {
  const rate = { perSecond: 0.01, burst: 2 };
  const seconds = expect.stringMatching(/^\d+$/);
  for (const name of ["gRPC", "Connect JSON", "Connect binary", "Connect GET", "gRPC-Web"]) {
    await using server = await startApiServer({}, granting({ rate }));
    const wire = wiresTo(server).find((one) => one.name === name);
    const list = (roomId: string) => wire?.list({ roomId, token: server.token });
    expect(await list("room-1")).toMatchObject({ code: "OK", rateShare: ["2", "1", seconds] });
    expect(await list("frozen")).toMatchObject({ code: "FailedPrecondition", rateShare: ["2", "0", seconds] });
    const refused = await list("room-1");
    expect(refused).toMatchObject({
      code: "ResourceExhausted",
      reason: "ERROR_REASON_RATE_LIMITED",
      metadata: { caller: "orders" },
      rateShare: ["2", "0", seconds],
    });
    expect(Number(refused?.rateShare?.[2])).toBeLessThanOrEqual(200);
    expect(refused?.retryAfterMs).toBeGreaterThan(0);
    expect(refused?.retryAfterMs).toBeLessThanOrEqual(100_000);
    wire?.close();
  }
});

test("nothing is said of a share that nobody counts", async () => {
  await using server = await startApiServer();
  for (const wire of wiresTo(server)) {
    expect(await wire.list({ roomId: "room-1", token: server.token })).toMatchObject({ code: "OK", rateShare: [] });
    wire.close();
  }
});

test("a service that is kept to a kind is let into its rooms, over every protocol", async () => {
  await using server = await startApiServer({}, granting({ kinds: new Set(["support"]) }));
  for (const wire of wiresTo(server)) {
    expect(await wire.list({ roomId: "support-1", token: server.token })).toMatchObject({ code: "OK" });
    expect(await wire.list({ roomId: "group-1", token: server.token })).toMatchObject({
      code: "PermissionDenied",
      metadata: { caller: "orders", method: "maru.chat.v1.EventService/ListEntries", kind: "group" },
    });
    wire.close();
  }
});

test("every refused call has a line in the audit log, and no other", async () => {
  await using server = await startApiServer({}, granting({ kinds: new Set(["support"]) }));
  const wires = wiresTo(server);
  for (const wire of wires) {
    const requestId = `audit-${wire.name.replace(/ /g, "-")}`;
    await wire.list({ roomId: "support-1", token: server.token });
    await wire.list({ roomId: "support-1", pageSize: -1, token: server.token });
    await wire.list({ roomId: "group-1", token: server.token, requestId });
    await wire.list({ roomId: "support-1", requestId: `${requestId}-nobody` });
    const method = "maru.chat.v1.EventService/ListEntries";
    const refused = { level: "info", audit: true, message: "audit", method, outcome: "refused" };
    const lines = auditOf(server).filter((line) => String(line.request_id).startsWith(requestId));
    expect(lines.map(({ time, ...line }) => line)).toEqual([
      {
        ...refused,
        request_id: requestId,
        caller: "orders",
        room_id: "group-1",
        code: "PERMISSION_DENIED",
        reason: "ERROR_REASON_CALLER_NOT_ALLOWED",
      },
      {
        ...refused,
        request_id: `${requestId}-nobody`,
        code: "UNAUTHENTICATED",
        reason: "ERROR_REASON_TOKEN_MISSING",
      },
    ]);
    wire.close();
  }
  expect(auditOf(server)).toHaveLength(2 * wires.length);
});

test("a call beyond the share is in the audit log", async () => {
  await using server = await startApiServer({}, granting({ rate: { perSecond: 0.01, burst: 1 } }));
  const [wire] = wiresTo(server);
  for (let n = 0; n < 3; n++) await wire?.list({ roomId: "room-1", token: server.token });
  const refused = { outcome: "refused", caller: "orders", reason: "ERROR_REASON_RATE_LIMITED" };
  expect(auditOf(server)).toMatchObject([refused, refused]);
  wire?.close();
});

test("every administrative call has a line that says what it was about, and how it ended", async () => {
  const admin = serveService(AdminService, {
    eraseUser: () => ({}),
    async *exportRoom({ roomId }) {
      if (roomId === "gone") throw new MaruError(ErrorReason.ROOM_NOT_FOUND);
      yield { lines: ['{"entry":"a text"}'] };
    },
  });
  const cards = serveService(CardService, { registerCardTypes: () => ({}), listCardTypes: () => ({}) });
  await using server = await startApiServer({}, { services: [admin, cards] });
  const transport = createConnectTransport({ baseUrl: `http://${server.httpAddress}`, httpVersion: "1.1" });
  const options = { headers: { authorization: `Bearer ${server.token}` } };
  const [admins, cardTypes] = [createClient(AdminService, transport), createClient(CardService, transport)];
  await admins.eraseUser({ userId: "ann" }, options);
  await Array.fromAsync(admins.exportRoom({ roomId: "room-1" }, options));
  await expect(Array.fromAsync(admins.exportRoom({ roomId: "gone" }, options))).rejects.toThrow();
  await cardTypes.registerCardTypes({ descriptorSet: Uint8Array.of(1), types: ["shop.Payment"] }, options);
  await cardTypes.listCardTypes({}, options);
  const by = (method: string) => ({ caller: "orders", method: `maru.chat.v1.${method}` });
  expect(auditOf(server)).toMatchObject([
    { ...by("AdminService/EraseUser"), outcome: "served", user_id: "ann" },
    { ...by("AdminService/ExportRoom"), outcome: "served", room_id: "room-1" },
    { ...by("AdminService/ExportRoom"), outcome: "failed", room_id: "gone", reason: "ERROR_REASON_ROOM_NOT_FOUND" },
    { ...by("CardService/RegisterCardTypes"), outcome: "served", types: ["shop.Payment"] },
  ]);
  expect(JSON.stringify(auditOf(server))).not.toContain("a text");
});

test("the audit log can be turned off", async () => {
  await using server = await startApiServer({ auditLog: false });
  const [wire] = wiresTo(server);
  expect(await wire?.list({ roomId: "room-1" })).toMatchObject({ code: "Unauthenticated" });
  expect(auditOf(server)).toEqual([]);
  wire?.close();
});
