// The sign-in page in Chromium, as a person uses it: on a narrow screen, with a keyboard, in each language; and axe-core.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";
import { chromium } from "playwright-core";
import { APP, codeFor, url } from "./person.mjs";

const NILS = "+46701740608";
const PATIENCE_MS = 20_000;
const FLAGS = [
  "--no-sandbox", // which root cannot have
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
];
const AXE = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
const SHA256_OF_NOTHING = "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"; // any challenge will do: nothing is redeemed
const complaints = [];
let browser, page, app, arrived;

before(async () => {
  app = createServer((request, response) => {
    if (request.url.startsWith("/signed-in")) arrived = new URL(request.url, "http://127.0.0.1");
    response.end("Back at the app");
  });
  await new Promise((resolve) => app.listen(0, "127.0.0.1", resolve));
  browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: FLAGS, timeout: PATIENCE_MS });
  page = await browser.newPage({ viewport: { width: 320, height: 640 } });
  page.setDefaultTimeout(PATIENCE_MS);
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("console", (message) => {
    const isTold = message.text().includes("status of 400"); // of a form that was filled in wrongly
    if (message.type() === "error" && !isTold) complaints.push(message.text());
  });
});

after(async () => {
  await browser?.close();
  app?.close();
});

test("a person signs in with the keyboard alone, and is back at the app", async () => {
  await page.goto(address({ ui_locales: "en", state: "s" }));
  assert.equal(await page.title(), "Sign in – Norrsken");
  await fits();
  await page.getByLabel("Phone number").focus();
  await page.keyboard.type(NILS);
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Enter your code" }).waitFor();
  await fits();
  assert.equal(await page.getByLabel("Six-digit code").getAttribute("autocomplete"), "one-time-code");
  await page.getByLabel("Six-digit code").fill("000000");
  await page.keyboard.press("Enter");
  await page.getByRole("alert").waitFor();
  await page.getByLabel("Six-digit code").fill(await codeFor(NILS));
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await page.getByText("Back at the app").waitFor();
  assert.equal(arrived.searchParams.get("state"), "s");
  assert.ok(arrived.searchParams.get("code"));
  assert.deepEqual((await page.context().cookies(url)).filter(({ name }) => name.includes("sign-in")), []);
});

test("who gives up is back at the app too", async () => {
  await page.goto(address({ ui_locales: "en" }));
  await page.getByRole("button", { name: "Cancel" }).click();
  await page.getByText("Back at the app").waitFor();
  assert.equal(arrived.searchParams.get("error"), "access_denied");
});

test("it can be read at 320 pixels and twice the size", async () => {
  await page.goto(address({ ui_locales: "sv" }));
  await page.evaluate(() => document.documentElement.style.setProperty("font-size", "200%"));
  assert.equal(await page.evaluate(() => getComputedStyle(document.body).fontSize), "32px");
  await fits();
});

test("no other page can have it in a frame", async () => {
  const response = await page.request.get(address({}));
  assert.match(response.headers()["content-security-policy"], /frame-ancestors 'none'/);
});

test("nothing was complained about", () => assert.deepEqual(complaints, []));

// A number of the operator's country for each visit: the next code for the same one would have to wait.
const numbers = [0, 1, 2, 3].map((last) => [`+4670174069${last}`, `+3712000069${last}`]);

for (const [language, path] of [["sv", 0], ["en", 0], ["lv", 1], ["ru", 1]]) {
  for (const scheme of ["light", "dark"]) {
    const number = numbers[2 * (language === "en" || language === "ru") + (scheme === "dark")][path];
    test(`axe-core finds nothing (${language}, ${scheme})`, async () => {
      // The page's policy forbids scripts, and axe-core is one.
      const context = await browser.newContext({ bypassCSP: true, colorScheme: scheme, viewport: { width: 320, height: 640 } });
      const visitor = await context.newPage();
      const there = process.env.KONTANT_URLS.split(" ")[path];
      const client = path ? { client_id: "kontant-app" } : {};
      await visitor.goto(address({ ui_locales: language, ...client }, there));
      assert.ok((await visitor.locator("html").getAttribute("lang")).startsWith(language));
      await clean(visitor);
      await visitor.locator("#contact").fill("nonsense");
      await visitor.locator("button").first().click();
      await visitor.getByRole("alert").waitFor();
      await clean(visitor);
      await visitor.locator("#contact").fill(number);
      await visitor.locator("button").first().click();
      await visitor.locator("#code").waitFor();
      await clean(visitor);
      await context.close();
    });
  }
}

function address(changes, there = url) {
  return `${there}/oauth/authorize?${new URLSearchParams({
    client_id: APP,
    redirect_uri: `http://127.0.0.1:${app.address().port}/signed-in`,
    response_type: "code",
    code_challenge: SHA256_OF_NOTHING,
    code_challenge_method: "S256",
    ...changes,
  })}`;
}

/** Nothing is cut off at the side. */
async function fits() {
  const [wide, shown] = await page.evaluate(() => [document.documentElement.scrollWidth, window.innerWidth]);
  assert.ok(wide <= shown, `${wide} pixels on a screen of ${shown}`);
}

async function clean(visitor) {
  await visitor.addScriptTag({ path: AXE });
  const { violations } = await visitor.evaluate(() => globalThis.axe.run());
  assert.deepEqual(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)]), []);
}
