// Staff by single sign-on, and what follows: token exchange (RFC 8693) and introspection, with both certified clients;
// and a customer by electronic identity.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as oauth from "oauth4webapi";
import * as client from "openid-client";
import { APP, REDIRECT, SECRET, SERVER, identify, signIn, url } from "./person.mjs";

const SUPPORT = "demo-support";
const LEILA = "+46701740611";
const ELECTRONIC_ID = "urn:kontant:acr:electronic-id";
const GRANT = "urn:ietf:params:oauth:grant-type:token-exchange";
const ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token";
const insecure = { [oauth.allowInsecureRequests]: true }; // plain http, on this machine
const execute = { execute: [client.allowInsecureRequests] };
const support = await client.discovery(new URL(url), SUPPORT, undefined, client.None(), execute);
const app = await client.discovery(new URL(url), APP, undefined, client.None(), execute);
const server = await client.discovery(new URL(url), SERVER, undefined, client.ClientSecretBasic(SECRET), execute);
for (const each of [support, app]) client.enableNonRepudiationChecks(each);
let agent, exchange, customer;

test("somebody of the staff signs in through their employer's provider", async () => {
  const { address, checks } = await request(support, {});
  agent = await client.authorizationCodeGrant(support, await identify(address, "staff-agent"), checks);
  assert.match(agent.claims().sub, /^staff:/);
  assert.equal(agent.claims().acr, "urn:kontant:acr:single-sign-on");
  const { support: told } = await graphql(agent, "{ support { member { roles } } }");
  assert.deepEqual(told.member.roles, ["AGENT"]);
});

test("who has no role is refused", async () => {
  const { address, checks } = await request(support, {});
  const answer = await identify(address, "staff-without-role");
  await assert.rejects(client.authorizationCodeGrant(support, answer, checks), { error: "access_denied" });
});

test("a support session is exchanged for a token to act with (openid-client)", async () => {
  const search = `{ support { customers(search: { phoneNumber: "${LEILA}" }) { id } } }`;
  const [found] = (await graphql(agent, search)).support.customers;
  const input = `{ customerId: "${found.id}", reason: "She asked us to look", ticket: "T-1", access: READ_ONLY }`;
  const started = await graphql(agent, `mutation { startSupportSession(input: ${input}) { subjectToken errors { code } } }`);
  exchange = {
    subject_token: started.startSupportSession.subjectToken,
    subject_token_type: "urn:kontant:token-type:support-session",
    actor_token: agent.access_token,
    actor_token_type: ACCESS_TOKEN,
  };
  const acting = await client.genericGrantRequest(support, GRANT, exchange);
  assert.equal(acting.issued_token_type, ACCESS_TOKEN);
  assert.equal(acting.refresh_token, undefined);
  const told = await client.tokenIntrospection(server, acting.access_token);
  assert.equal(told.active, true);
  assert.equal(told.act.sub, agent.claims().sub);
  assert.equal((await graphql(acting, "{ viewer { customer { givenName } } }")).viewer.customer.givenName, "Leila");
  await assert.rejects(client.refreshTokenGrant(support, acting.access_token), { error: "invalid_grant" });
});

test("the same with oauth4webapi", async () => {
  const as = await oauth.processDiscoveryResponse(new URL(url), await oauth.discoveryRequest(new URL(url), insecure));
  const who = { client_id: SUPPORT };
  const response = await oauth.genericTokenEndpointRequest(as, who, oauth.None(), GRANT, exchange, insecure);
  const acting = await oauth.processGenericTokenEndpointResponse(as, who, response);
  const asked = await oauth.introspectionRequest(
    as, { client_id: SERVER }, oauth.ClientSecretBasic(SECRET), acting.access_token, insecure,
  );
  const told = await oauth.processIntrospectionResponse(as, { client_id: SERVER }, asked);
  assert.equal(told.act.sub, agent.claims().sub);
  const refresh = await oauth.refreshTokenGrantRequest(as, who, oauth.None(), acting.access_token, insecure);
  await assert.rejects(oauth.processRefreshTokenResponse(as, who, refresh), { error: "invalid_grant" });
  const others = await oauth.genericTokenEndpointRequest(as, { client_id: APP }, oauth.None(), GRANT, exchange, insecure);
  await assert.rejects(oauth.processGenericTokenEndpointResponse(as, { client_id: APP }, others));
});

test("staff refresh and sign out", async () => {
  const refreshed = await client.refreshTokenGrant(support, agent.refresh_token);
  await client.tokenRevocation(support, refreshed.refresh_token);
  assert.equal((await client.tokenIntrospection(server, refreshed.access_token)).active, false);
  await assert.rejects(client.genericGrantRequest(support, GRANT, exchange), { error: /invalid/ });
});

test("a customer is identified, proves the phone once, and then needs it no more", async () => {
  for (const number of [LEILA, undefined]) {
    const { address, checks } = await request(app, { acr_values: ELECTRONIC_ID });
    const answer = await identify(address, "person-blocked", number);
    customer = await client.authorizationCodeGrant(app, answer, checks);
    assert.equal(customer.claims().acr, ELECTRONIC_ID);
  }
});

test("a code by phone is less sure, and says so", async () => {
  const { address, checks } = await request(app, {});
  const tokens = await client.authorizationCodeGrant(app, await signIn(address, LEILA), checks);
  assert.equal(tokens.claims().acr, "urn:kontant:acr:sign-in-code");
  assert.equal(tokens.claims().sub, customer.claims().sub);
});

async function request(configuration, more) {
  const verifier = client.randomPKCECodeVerifier();
  const [state, nonce] = [client.randomState(), client.randomNonce()];
  const address = client.buildAuthorizationUrl(configuration, {
    redirect_uri: REDIRECT,
    scope: "openid",
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
    state,
    nonce,
    ...more,
  });
  return { address, checks: { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce } };
}

async function graphql(tokens, query) {
  const headers = { Authorization: `Bearer ${tokens.access_token}`, "Content-Type": "application/json" };
  const response = await fetch(`${url}/graphql`, { method: "POST", headers, body: JSON.stringify({ query }) });
  const { data, errors } = await response.json();
  assert.equal(errors, undefined, JSON.stringify(errors));
  return data;
}
