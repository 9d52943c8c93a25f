import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { type Stack, scratchName, startStack, startTcpProxy, type TcpProxy } from "@maru/devstack";
import { type Fleet, openFleet } from "@maru/devstack/servers";
import chromium from "@sparticuz/chromium";
import { type Browser, type BrowserContext, type Page, chromium as playwright } from "playwright-core";
import { afterAll, beforeAll, expect, inject, it } from "vitest";

const screenshots = join(import.meta.dirname, "../screenshots");
let redis: Stack;
let fleet: Fleet;
let pageUrl: string;
/** Stands before the gateway: the page goes offline when it is cut. */
let network: TcpProxy;
let browser: Browser;

beforeAll(async () => {
  const { dynamodb, kafka } = inject("stack");
  redis = await startStack({ redis: true });
  fleet = await openFleet({
    dynamodbEndpoint: dynamodb.endpoint,
    brokers: kafka.brokers,
    redisNodes: redis.redis?.nodes ?? [],
    env: {
      MARU_TABLE: scratchName("web-chat"),
      MARU_CONTROL_TABLE: scratchName("web-chat-control"),
      MARU_KAFKA_TOPIC: scratchName("web-chat-events"),
      MARU_KAFKA_READ_MARKERS_TOPIC: scratchName("web-chat-markers"),
      MARU_GATEWAY_GROUP: scratchName("web-chat-gateways"),
    },
  });
  await fleet.setUp();
  const server = await fleet.startServer({ name: "server" });
  network = await startTcpProxy({ target: server.gatewayAddress });
  const page = await fleet.startProgram({
    name: "page",
    file: join(import.meta.dirname, "../src/main.ts"),
    env: {
      MARU_ADDRESS: server.grpcAddress,
      MARU_TOKEN: await fleet.token("web-chat"),
      MARU_GATEWAY_URL: `ws://${network.address}`,
      WEB_CHAT_PAYMENT_MS: "200",
    },
  });
  pageUrl = `http://${page.httpAddress}`;
  browser = await playwright.launch({
    executablePath: await chromium.executablePath(),
    args: chromium.args,
    headless: true,
  });
}, 120_000);
afterAll(async () => {
  await browser?.close();
  await network?.close();
  await fleet?.close();
  await redis?.close();
});

async function enter(context: BrowserContext, name: string): Promise<Page> {
  const page = await context.newPage();
  await page.goto(pageUrl);
  await page.fill("#name", name);
  await page.press("#name", "Enter");
  await page.locator("#chat").waitFor();
  return page;
}

async function say(page: Page, text: string): Promise<void> {
  await page.fill("#text", text);
  await page.press("#text", "Enter");
}

async function seeText(page: Page, text: string): Promise<void> {
  await page.locator("li.message", { hasText: text }).first().waitFor();
}

/** The texts of a page's messages, in their order, without the names beside them. */
function texts(page: Page): Promise<string[]> {
  return page.locator("li.message .body").evaluateAll((bodies) => {
    const isText = ({ nodeType }: { readonly nodeType: number }) => nodeType === 3;
    return bodies.map((body) =>
      [...body.childNodes]
        .filter(isText)
        .map((node) => node.textContent ?? "")
        .join(""),
    );
  });
}

async function shoot(page: Page, name: string): Promise<void> {
  const path = join(screenshots, `${name}.png`);
  if (existsSync(path) && process.env.MARU_SCREENSHOTS === undefined) return;
  await mkdir(screenshots, { recursive: true });
  await page.screenshot({ path });
}

it("two people talk, one of them goes offline and comes back to exactly what they missed, and a payment is asked for and paid", {
  timeout: 120_000,
}, async () => {
  const size = { viewport: { width: 1000, height: 700 } };
  const ada = await enter(await browser.newContext(size), "Ada");
  const ben = await enter(await browser.newContext({ ...size, colorScheme: "dark" }), "Ben");
  await ada.click("#new-room");
  await ada.fill("#title", "Bicycle");
  await ada.fill("#names", "Ben");
  await ada.locator("#room-dialog button[type=submit]").click();
  await ada.locator("#room-title", { hasText: "Bicycle" }).waitFor();
  await ben.locator("#room-list", { hasText: "Bicycle" }).waitFor();
  await ben.locator("#room-list button, #room-list a", { hasText: "Bicycle" }).first().click();
  await ben.locator("#room-title", { hasText: "Bicycle" }).waitFor();

  await say(ada, "Is the bicycle still there?");
  await seeText(ben, "still there");
  await ada.locator("#members li.connected", { hasText: "Ben" }).waitFor();
  await ben.locator("#text").pressSequentially("Yes");
  await ada.locator("#typing", { hasText: "Ben is typing" }).waitFor();
  await ben.press("#text", "Enter");
  await seeText(ada, "Yes");

  // Both are offline: what they write waits, and is sent once.
  network.cut();
  await ben.locator("#connection", { hasText: "Offline" }).waitFor();
  await ada.locator("#connection", { hasText: "Offline" }).waitFor();
  await say(ben, "written offline");
  for (const text of ["one", "two", "three"]) await say(ada, text);
  network.resume();
  for (const page of [ada, ben]) {
    await page.locator("#connection", { hasText: /^$/ }).waitFor({ state: "attached", timeout: 40_000 });
    await seeText(page, "three");
    await seeText(page, "written offline");
    await page.locator("li.pending").first().waitFor({ state: "detached" });
  }
  const [adas, bens] = await Promise.all([ada, ben].map(texts));
  expect(adas).toEqual(bens);
  expect(adas?.filter((text) => text === "written offline")).toHaveLength(1);
  expect(adas?.filter((text) => ["one", "two", "three"].includes(text))).toEqual(["one", "two", "three"]);

  await ada.click("#ask");
  await ada.fill("#purpose", "Bicycle");
  await ada.fill("#amount", "120");
  await ada.locator("#ask-dialog button[type=submit]").click();
  await ben.locator("button.pay").click();
  await ben.locator(".state.paid").waitFor();
  await ada.locator(".state.paid").waitFor();
  await shoot(ada, "light");
  await shoot(ben, "dark");
});
