// An app with Apollo Client, at the first address in KONTANT_URLS: it signs in, shows the home screen, tops up a card,
// and tells its typed errors apart.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { before, test } from "node:test";
import { ApolloClient, ApolloLink, CombinedGraphQLErrors, gql, HttpLink, InMemoryCache } from "@apollo/client";
import { relayStylePagination } from "@apollo/client/utilities";

const KARIN = "+46701740605";
const [url] = process.env.KONTANT_URLS.split(" ");

const ASK_FOR_CODE = gql`
  mutation AskForCode($phoneNumber: PhoneNumber!) {
    requestSignInCode(input: { phoneNumber: $phoneNumber }) { challengeId errors { code message } }
  }`;
const HOME = gql(readFileSync(new URL("../../../bench/documents/home.graphql", import.meta.url), "utf8"));
const WALLET = gql`
  query Wallet {
    viewer {
      paymentMethods { id brand }
      cards { nodes { id phoneNumber balance { amount currency } } }
    }
  }`;
const BALANCE = gql`fragment Balance on Card { balance { amount currency } }`;
const TOP_UP = gql`
  mutation TopUp($input: TopUpCardInput!) {
    topUpCard(input: $input) {
      topUp { id status }
      card { id balance { amount currency } }
      errors {
        code
        message
        path
        ... on AmountNotOfferedError { amounts { amount currency } }
        ... on PaymentDeclinedError { reason }
        ... on PaymentMethodExpiredError { expiredOn }
      }
    }
  }`;
// Another page size than the home screen's, which has nodes and no edges: this cache would mix the two.
const HISTORY = gql`
  query History($after: String) {
    viewer {
      topUps(first: 4, after: $after) { edges { cursor node { id createdAt } } pageInfo { hasNextPage endCursor } }
    }
  }`;

const client = newClient();
let card, methods;

before(async () => {
  client.setLink(link(await signIn()));
  const { data } = await client.query({ query: WALLET });
  card = data.viewer.cards.nodes.find(({ phoneNumber }) => phoneNumber === KARIN);
  methods = Object.fromEntries(data.viewer.paymentMethods.map(({ id, brand }) => [brand, id]));
});

test("the home screen comes whole", async () => {
  const { data } = await client.query({ query: HOME });
  assert.equal(data.viewer.customer.name, "Karin Lindqvist");
  assert.equal(data.viewer.family.members.length, 4);
});

test("a top-up changes the card in the cache, and repeated it is the same top-up", async () => {
  const money = Number(cachedBalance());
  const input = { ...wish("100"), idempotencyKey: randomUUID() };
  const first = await topUp(input);
  assert.deepEqual([first.errors, first.topUp.status], [[], "COMPLETED"]);
  assert.equal(Number(cachedBalance()), money + 100);
  const again = await topUp(input);
  assert.equal(again.topUp.id, first.topUp.id);
  assert.equal(Number(cachedBalance()), money + 100);
});

test("an amount that is not offered is refused with those that are", async () => {
  const { topUp: made, errors: [error] } = await topUp(wish("7"));
  assert.deepEqual([made, error.__typename, error.code], [null, "AmountNotOfferedError", "AMOUNT_NOT_OFFERED"]);
  assert.ok(error.amounts.some(({ amount }) => Number(amount) === 100));
});

test("a payment that is declined is told with the reason", async () => {
  const { topUp: made, errors: [error] } = await topUp({ ...wish("100"), paymentMethodId: methods["Visa (declines)"] });
  assert.deepEqual([made.status, error.__typename, error.reason], ["DECLINED", "PaymentDeclinedError", "INSUFFICIENT_FUNDS"]);
});

test("a payment method that has expired is told with the day", async () => {
  const { errors: [error] } = await topUp({ ...wish("100"), paymentMethodId: methods["Visa (expired)"] });
  assert.deepEqual([error.__typename, error.path], ["PaymentMethodExpiredError", ["input", "paymentMethodId"]]);
  assert.match(error.expiredOn, /^\d{4}-\d\d-\d\d$/);
});

test("a key that is used for something else is refused", async () => {
  const idempotencyKey = randomUUID();
  await topUp({ ...wish("100"), idempotencyKey });
  const { errors: [error] } = await topUp({ ...wish("200"), idempotencyKey });
  assert.equal(error.__typename, "IdempotencyKeyReusedError");
});

test("pages join without a gap", async () => {
  const first = await client.query({ query: HISTORY });
  const { endCursor, hasNextPage } = first.data.viewer.topUps.pageInfo;
  assert.ok(hasNextPage);
  await client.query({ query: HISTORY, variables: { after: endCursor }, fetchPolicy: "network-only" });
  const { edges } = client.readQuery({ query: HISTORY }).viewer.topUps;
  const times = edges.map(({ node }) => node.createdAt);
  assert.equal(new Set(edges.map(({ node }) => node.id)).size, 8);
  assert.deepEqual(times, [...times].sort().reverse());
});

test("a token that is not good is an error with a code", async () => {
  const stranger = newClient(link("not-a-token"));
  await assert.rejects(stranger.query({ query: HOME }), (error) => {
    assert.ok(CombinedGraphQLErrors.is(error), error.name);
    assert.equal(error.errors[0].extensions.code, "UNAUTHENTICATED");
    return true;
  });
});

function newClient(to = link()) {
  const typePolicies = {
    Money: { merge: true },
    Viewer: { merge: true, fields: { topUps: relayStylePagination(["first"]) } },
  };
  return new ApolloClient({ link: to, cache: new InMemoryCache({ typePolicies }) });
}

function link(token) {
  const headers = token ? { authorization: `Bearer ${token}` } : {};
  return ApolloLink.from([new HttpLink({ uri: `${url}/graphql`, headers })]);
}

/** Signs Karin in. Returns the access token. */
async function signIn() {
  const { data } = await client.mutate({ mutation: ASK_FOR_CODE, variables: { phoneNumber: KARIN } });
  assert.deepEqual(data.requestSignInCode.errors, []);
  const [newest] = await (await fetch(`${url}/dev/messages?to=${encodeURIComponent(KARIN)}`)).json();
  const form = new URLSearchParams({
    grant_type: "urn:kontant:grant-type:sign-in-code",
    client_id: "kontant-app",
    challenge_id: data.requestSignInCode.challengeId,
    code: newest.text.match(/\d{6}/)[0],
  });
  const granted = await fetch(`${url}/oauth/token`, { method: "POST", body: form });
  assert.equal(granted.status, 200);
  return (await granted.json()).access_token;
}

function wish(amount) {
  const money = { amount, currency: card.balance.currency };
  return { cardId: card.id, amount: money, paymentMethodId: methods.Visa, idempotencyKey: randomUUID() };
}

async function topUp(input) {
  const { data } = await client.mutate({ mutation: TOP_UP, variables: { input } });
  return data.topUpCard;
}

function cachedBalance() {
  return client.readFragment({ fragment: BALANCE, id: client.cache.identify(card) }).balance.amount;
}
