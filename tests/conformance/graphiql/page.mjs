// What a newcomer does in GraphiQL, at the first address in KONTANT_URLS: asks for a code, takes the token for it, and
// sees the family. The browser is cut off from everything but this machine, and must not even try to reach more.
import assert from "node:assert/strict";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { chromium } from "playwright-core";

const KARIN = "+46701740605";
const PATIENCE_MS = 20_000;
const FLAGS = [
  "--no-sandbox", // which root cannot have
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost",
];

const [url] = process.env.KONTANT_URLS.split(" ");
const home = `${url}/graphql`;
const asked = [];
const complaints = [];
let browser, page;

before(async () => {
  browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: FLAGS, timeout: PATIENCE_MS });
  page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  page.setDefaultTimeout(PATIENCE_MS);
  page.on("request", (request) => asked.push(request.url()));
  page.on("requestfailed", (request) => complaints.push(`${request.url()}: ${request.failure()?.errorText}`));
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) complaints.push(message.text());
  });
  await page.goto(home);
});

after(() => browser?.close());

test("it opens with ready-made operations", step(async () => {
  await page.locator(".graphiql-container").waitFor();
  assert.deepEqual(await tabs(), ["SignIn", "Home", "TopUp", "Operator"]);
}));

test("the first one sends a code as it stands", step(async () => {
  const { requestSignInCode } = await execute();
  assert.deepEqual(requestSignInCode.errors, []);
  assert.ok(requestSignInCode.challengeId);
}));

test("with the token in the headers, Home shows the family", step(async () => {
  const { requestSignInCode } = await answer();
  const token = await tokenFor(requestSignInCode.challengeId);
  await open("Home");
  await page.getByRole("button", { name: "Headers", exact: true }).click();
  await write(".graphiql-editor-tool .graphiql-editor:not(.hidden)", JSON.stringify({ Authorization: `Bearer ${token}` }));
  const { viewer } = await execute();
  assert.equal(viewer.customer.name, "Karin Lindqvist");
  const members = viewer.family.members.map((member) => member.customer.name);
  assert.deepEqual(members.sort(), ["Elsa Lindqvist", "Johan Lindqvist", "Karin Lindqvist", "Nils Lindqvist"]);
  assert.ok(viewer.family.members.every((member) => member.cards.every((card) => card.balance.currency === "SEK")));
}));

test("what one has written is still there after a reload", step(async () => {
  await page.waitForTimeout(1_000); // GraphiQL keeps it half a second after the last change
  await page.reload();
  await page.locator(".graphiql-container").waitFor();
  assert.deepEqual(await tabs(), ["SignIn", "Home", "TopUp", "Operator"]);
  const { viewer } = await execute();
  assert.equal(viewer.customer.name, "Karin Lindqvist");
}));

test("its documentation knows the schema", step(async () => {
  await page.getByRole("button", { name: "Show Documentation Explorer" }).click();
  await page.locator(".graphiql-doc-explorer").getByText("Mutation", { exact: true }).click();
  await page.locator(".graphiql-doc-explorer").getByRole("link", { name: "topUpCard", exact: true }).waitFor();
}));

test("nothing is asked for elsewhere, and nothing is complained about", step(async () => {
  assert.ok(asked.length > 0);
  assert.deepEqual(asked.filter((address) => !address.startsWith(`${url}/`) && !address.startsWith("data:")), []);
  assert.deepEqual(complaints, []);
}));

/** A step of the visit. When it fails, a picture of the page is left in a temporary folder. */
function step(visit) {
  return async () => {
    try {
      await visit();
    } catch (error) {
      const picture = join(mkdtempSync(join(tmpdir(), "kontant-graphiql-")), "page.png");
      await page.screenshot({ path: picture, timeout: PATIENCE_MS });
      throw new Error(`The page as it was: ${picture}`, { cause: error });
    }
  };
}

function tabs() {
  return page.locator(".graphiql-tab-button").allTextContents();
}

function open(tab) {
  return page.getByRole("button", { name: tab, exact: true }).click();
}

/** Replaces what stands in an editor, as by pasting. */
async function write(editor, text) {
  await page.locator(`${editor} .CodeMirror-lines`).click();
  await page.keyboard.press("Control+A");
  await page.keyboard.insertText(text);
}

/** Presses the button. Returns the data of the answer, as the page shows it. */
async function execute() {
  const answered = page.waitForResponse((response) => response.url() === home && response.request().method() === "POST");
  await page.getByRole("button", { name: /Execute query/ }).click();
  await answered;
  await page.locator(".graphiql-spinner").waitFor({ state: "detached" });
  return answer();
}

async function answer() {
  const shown = await page.locator(".result-window .CodeMirror").evaluate((editor) => editor.CodeMirror.getValue());
  const { data, errors } = JSON.parse(shown);
  assert.equal(errors, undefined, shown);
  return data;
}

/** The token for the code that was sent to Karin. */
async function tokenFor(challengeId) {
  const messages = await (await fetch(`${url}/dev/messages?to=${encodeURIComponent(KARIN)}`)).json();
  const form = new URLSearchParams({
    grant_type: "urn:kontant:grant-type:sign-in-code",
    client_id: "kontant-app",
    challenge_id: challengeId,
    code: messages[0].text.match(/\d{6}/)[0],
  });
  const granted = await fetch(`${url}/oauth/token`, { method: "POST", body: form });
  assert.equal(granted.status, 200);
  return (await granted.json()).access_token;
}
