// A person at the sign-in page, without a browser: fills in the forms, and reads the code where it was sent.
import assert from "node:assert/strict";

export const [url] = process.env.KONTANT_URLS.split(" ");
export const APP = "demo-web";
export const REDIRECT = "http://127.0.0.1:45678/signed-in";
export const AFTER_LOG_OUT = "http://127.0.0.1/signed-out";
export const SERVER = "demo-server";
export const SECRET = "a secret of the demo, and no secret";

/** The code that was sent to a number last. */
export async function codeFor(number) {
  const messages = await (await fetch(`${url}/dev/messages?to=${encodeURIComponent(number)}`)).json();
  return messages[0].text.match(/\d{6}/)[0];
}

/** Goes where an app sends its person, and signs in. Returns the address at which the app is answered. */
export async function signIn(address, number) {
  const cookies = new Map();
  let page = await visit(address, {}, cookies);
  page = await send(page, { contact: number, step: "contact" }, cookies);
  const answer = await send(page, { code: await codeFor(number), step: "code" }, cookies);
  assert.equal(answer.status, 303, answer.text);
  return new URL(answer.location);
}

/** Is somebody at the demo's identity provider, and proves a phone number where that is asked for. */
export async function identify(address, who, number) {
  const cookies = new Map();
  const there = new URL((await visit(address, {}, cookies)).location);
  there.searchParams.set("as", who);
  const back = await fetch(there, { redirect: "manual" });
  let page = await visit(back.headers.get("location"), {}, cookies);
  if (number) {
    page = await send(page, { contact: number, step: "contact" }, cookies);
    page = await send(page, { code: await codeFor(number), step: "code" }, cookies);
  }
  assert.equal(page.status, 303, page.text);
  return new URL(page.location);
}

async function visit(address, init, cookies) {
  const headers = { ...init.headers, Cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join("; ") };
  const response = await fetch(address, { ...init, headers, redirect: "manual" });
  for (const cookie of response.headers.getSetCookie()) {
    const [name, value] = cookie.split(";")[0].split("=");
    cookies.set(name, value);
  }
  return { status: response.status, location: response.headers.get("location"), text: await response.text() };
}

function send(page, fields, cookies) {
  const action = unescape(page.text.match(/<form method="post" action="([^"]+)"/)[1]);
  const hidden = [...page.text.matchAll(/<input type="hidden" name="(\w+)" value="([^"]*)"/g)];
  const body = new URLSearchParams({ ...Object.fromEntries(hidden.map(([, name, value]) => [name, unescape(value)])), ...fields });
  return visit(new URL(action, url), { method: "POST", body, headers: { Origin: url } }, cookies);
}

function unescape(text) {
  return text.replaceAll("&#34;", '"').replaceAll("&#39;", "'").replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
}
