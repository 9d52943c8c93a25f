import { expect, test } from "vitest";
import { certifiedService } from "./certified-service.ts";

const spiffe = { clientNameFrom: "spiffe", clientSpiffePrefix: "spiffe://shop.example/" } as const;
const dns = { clientNameFrom: "dns", clientSpiffePrefix: "spiffe://" } as const;

test("the last part of the SPIFFE id is the service", () => {
  expect(certifiedService(spiffe, "URI:spiffe://shop.example/ns/chat/sa/orders")).toBe("orders");
  expect(certifiedService(spiffe, "DNS:orders.example, URI:spiffe://shop.example/orders, IP Address:10.0.0.1")).toBe(
    "orders",
  );
});

test("an id of another trust domain, without a path, or one of two names no service", () => {
  for (const names of [
    undefined,
    "",
    "DNS:orders.example",
    "URI:spiffe://shop.example.evil/orders",
    "URI:spiffe://shop.example/",
    "URI:spiffe://shop.example",
    "URI:spiffe://shop.example/orders/",
    "URI:spiffe://shop.example/orders?x",
    "URI:https://shop.example/orders",
    "URI:spiffe://shop.example/orders, URI:spiffe://shop.example/payments",
  ]) {
    expect(certifiedService(spiffe, names)).toBeUndefined();
  }
});

test("a name that looks like several stays one", () => {
  expect(certifiedService(dns, 'DNS:"orders.example, URI:spiffe://x/y"')).toBe("orders.example, URI:spiffe://x/y");
  expect(certifiedService(spiffe, 'DNS:"a, URI:spiffe://shop.example/payments"')).toBeUndefined();
  expect(certifiedService(spiffe, 'DNS:"a\\", URI:spiffe://shop.example/payments"')).toBeUndefined();
});

test("the first DNS name is the service where names are DNS names; one that stands for many is none", () => {
  expect(certifiedService(dns, "DNS:orders, DNS:payments")).toBe("orders");
  expect(certifiedService(dns, "IP Address:10.0.0.1, DNS:orders.shop.internal")).toBe("orders.shop.internal");
  expect(certifiedService(dns, "DNS:*.shop.internal")).toBeUndefined();
});

test("certificates name nobody when they are not to", () => {
  expect(certifiedService({ ...dns, clientNameFrom: "off" }, "DNS:orders")).toBeUndefined();
});
