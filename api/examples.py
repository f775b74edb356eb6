"""The operations that GraphiQL opens with on a developer's machine."""

from __future__ import annotations

from typing import Final

from api.graphql.graphiql import Example

EXAMPLES: Final = (
    Example(
        """1. Ask for a code. On this machine it is not sent but kept, at
/dev/messages?to=%2B46701740605

Exchange it for an access token: POST /oauth/token with
  client_id=kontant-app
  grant_type=urn:kontant:grant-type:sign-in-code
  challenge_id= and code= as you got them""",
        """
mutation SignIn($input: RequestSignInCodeInput!) {
  requestSignInCode(input: $input) {
    challengeId
    expiresAt
    errors { code message }
  }
}
""",
        {"input": {"phoneNumber": "+46701740605"}},
        {},
    ),
    Example(
        "2. The home screen.\nPut the access token into the headers below.",
        """
query Home {
  viewer {
    customer { name }
    family {
      name
      members {
        role
        customer { name }
        cards {
          id
          phoneNumber
          status
          activeUntil
          balance { amount currency }
          buckets { usageType remaining unit validUntil }
        }
      }
    }
    paymentMethods { id brand lastDigits isDefault }
    bonuses(first: 5) { nodes { name quantity unit } }
    topUps(first: 5) { nodes { status amount { amount currency } createdAt } }
  }
}
""",
    ),
    Example(
        "3. Top up a card. Take the ids from the home screen.",
        """
mutation TopUp($input: TopUpCardInput!) {
  topUpCard(input: $input) {
    topUp { id status amount { amount currency } actionUrl }
    card { phoneNumber activeUntil balance { amount currency } }
    errors { __typename code message path }
  }
}
""",
        {
            "input": {
                "cardId": "",
                "amount": {"amount": "100", "currency": "SEK"},
                "paymentMethodId": "",
                "idempotencyKey": "choose-your-own-1",
            }
        },
    ),
    Example(
        "4. What the operator offers.\nNobody needs to be signed in.",
        """
query Operator {
  operator {
    name
    country
    currency
    locales
    topUpAmounts { amount currency }
  }
}
""",
        None,
        {},
    ),
)
