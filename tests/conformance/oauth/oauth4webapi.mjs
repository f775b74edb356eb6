// oauth4webapi, which checks each answer to the letter: RFC 8414, code + PKCE, RFC 9207, refresh, RFC 7662 and 7009.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as oauth from "oauth4webapi";
import { APP, REDIRECT, SECRET, SERVER, signIn, url } from "./person.mjs";

const ELSA = "+46701740607";
const insecure = { [oauth.allowInsecureRequests]: true }; // plain http, on this machine
const app = { client_id: APP };
const server = { client_id: SERVER };
const issuer = new URL(url);
let as, tokens;

for (const algorithm of ["oidc", "oauth2"]) {
  test(`the metadata is right (${algorithm})`, async () => {
    const response = await oauth.discoveryRequest(issuer, { algorithm, ...insecure });
    as = await oauth.processDiscoveryResponse(issuer, response);
    assert.ok(as.authorization_response_iss_parameter_supported);
  });
}

test("an app without PKCE is refused, and told so", async () => {
  const address = new URL(as.authorization_endpoint);
  address.search = new URLSearchParams({ client_id: APP, redirect_uri: REDIRECT, response_type: "code", state: "s" });
  const response = await fetch(address, { redirect: "manual" });
  const answer = new URL(response.headers.get("location"));
  assert.throws(() => oauth.validateAuthResponse(as, app, answer, "s"), { error: "invalid_request" });
});

test("code + PKCE", async () => {
  const verifier = oauth.generateRandomCodeVerifier();
  const [state, nonce] = [oauth.generateRandomState(), oauth.generateRandomNonce()];
  const address = new URL(as.authorization_endpoint);
  address.search = new URLSearchParams({
    client_id: APP,
    redirect_uri: REDIRECT,
    response_type: "code",
    scope: "openid",
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
    state,
    nonce,
  });
  const answer = oauth.validateAuthResponse(as, app, await signIn(address, ELSA), state);
  const response = await oauth.authorizationCodeGrantRequest(as, app, oauth.None(), answer, REDIRECT, verifier, insecure);
  const checks = { expectedNonce: nonce, requireIdToken: true };
  tokens = await oauth.processAuthorizationCodeResponse(as, app, response, checks);
  await oauth.validateApplicationLevelSignature(as, response, insecure);
});

test("the access token is a JWT as RFC 9068 has it", async () => {
  const request = new Request(`${url}/graphql`, { headers: { Authorization: `Bearer ${tokens.access_token}` } });
  const claims = await oauth.validateJwtAccessToken(as, request, `${url}/graphql`, insecure);
  assert.equal(claims.client_id, APP);
});

test("refreshing", async () => {
  const response = await oauth.refreshTokenGrantRequest(as, app, oauth.None(), tokens.refresh_token, insecure);
  tokens = await oauth.processRefreshTokenResponse(as, app, response);
});

test("introspection and revocation", async () => {
  assert.equal(await isActive(), true);
  const response = await oauth.revocationRequest(as, app, oauth.None(), tokens.refresh_token, insecure);
  assert.equal(await oauth.processRevocationResponse(response), undefined);
  assert.equal(await isActive(), false);
});

async function isActive() {
  const authentication = oauth.ClientSecretBasic(SECRET);
  const response = await oauth.introspectionRequest(as, server, authentication, tokens.access_token, insecure);
  return (await oauth.processIntrospectionResponse(as, server, response)).active;
}
