// openid-client: discovery, code + PKCE, refresh, reuse, introspection, revocation and log-out, as an app would use it.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as client from "openid-client";
import { AFTER_LOG_OUT, APP, REDIRECT, SECRET, SERVER, signIn, url } from "./person.mjs";

const [KARIN, JOHAN] = ["+46701740605", "+46701740606"];
const insecure = { execute: [client.allowInsecureRequests] }; // plain http, on this machine
const app = await client.discovery(new URL(url), APP, undefined, client.None(), insecure);
const server = await client.discovery(new URL(url), SERVER, undefined, client.ClientSecretBasic(SECRET), insecure);
client.enableNonRepudiationChecks(app); // ID tokens are verified by their signature too
let tokens;

test("it finds everything by discovery", () => {
  const told = app.serverMetadata();
  assert.equal(told.issuer, url);
  assert.ok(told.supportsPKCE());
});

test("code + PKCE brings tokens, and the ID token says so", async () => {
  const verifier = client.randomPKCECodeVerifier();
  const [state, nonce] = [client.randomState(), client.randomNonce()];
  const address = client.buildAuthorizationUrl(app, {
    redirect_uri: REDIRECT,
    scope: "openid",
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
    state,
    nonce,
    max_age: "60",
  });
  const answer = await signIn(address, KARIN);
  const checks = { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce, maxAge: 60 };
  tokens = await client.authorizationCodeGrant(app, answer, { ...checks, idTokenExpected: true });
  const claims = tokens.claims();
  assert.equal(claims.aud, APP);
  const shown = await client.fetchUserInfo(app, tokens.access_token, claims.sub);
  assert.equal(shown.sub, claims.sub);
  await assert.rejects(client.authorizationCodeGrant(app, answer, checks), { error: "invalid_grant" });
  assert.equal((await client.tokenIntrospection(server, tokens.access_token)).active, false, "used twice, and alive");
});

test("an answer of another server is noticed", async () => {
  const { address, verifier, state } = await request();
  const answer = await signIn(address, KARIN);
  answer.searchParams.set("iss", "https://attacker.example");
  await assert.rejects(client.authorizationCodeGrant(app, answer, { pkceCodeVerifier: verifier, expectedState: state }));
});

test("refreshing, reuse, introspection and revocation", async () => {
  tokens = await signedIn();
  const refreshed = await client.refreshTokenGrant(app, tokens.refresh_token);
  assert.notEqual(refreshed.refresh_token, tokens.refresh_token);
  assert.equal((await client.tokenIntrospection(server, refreshed.access_token)).active, true);
  const following = await client.refreshTokenGrant(app, refreshed.refresh_token);
  await assert.rejects(client.refreshTokenGrant(app, tokens.refresh_token), { error: "invalid_grant" });
  assert.equal((await client.tokenIntrospection(server, following.access_token)).active, false, "reused, and alive");
});

test("a token that is revoked is dead", async () => {
  tokens = await signedIn();
  await client.tokenRevocation(app, tokens.refresh_token);
  assert.equal((await client.tokenIntrospection(server, tokens.access_token)).active, false);
});

test("logging out ends the session and leads back", async () => {
  tokens = await signedIn();
  const address = client.buildEndSessionUrl(app, {
    id_token_hint: tokens.id_token,
    post_logout_redirect_uri: AFTER_LOG_OUT,
    state: "bye",
  });
  const answer = await fetch(address, { redirect: "manual" });
  assert.equal(answer.headers.get("location"), `${AFTER_LOG_OUT}?state=bye`);
  assert.equal((await client.tokenIntrospection(server, tokens.access_token)).active, false);
});

async function request() {
  const verifier = client.randomPKCECodeVerifier();
  const state = client.randomState();
  const address = client.buildAuthorizationUrl(app, {
    redirect_uri: REDIRECT,
    scope: "openid",
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
    state,
  });
  return { address, verifier, state };
}

async function signedIn() {
  const { address, verifier, state } = await request();
  const answer = await signIn(address, JOHAN);
  return client.authorizationCodeGrant(app, answer, { pkceCodeVerifier: verifier, expectedState: state });
}
