"""The operations that GraphiQL opens with on a developer's machine."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

from api.graphql.graphiql import Example
from api.schema.money import decimal_text
from domain.operators.operator import Operator


def examples(operator: Operator, phone_number: str) -> tuple[Example, ...]:
    """In the operator's currency, for the person who has this number."""
    offer = operator.top_up_offer
    least = decimal_text((*offer.fixed_minor, offer.minimum_minor)[0], operator.currency_digits)
    top_up = {
        "cardId": "",
        "amount": {"amount": least, "currency": operator.currency},
        "paymentMethodId": "",
        "idempotencyKey": "choose-your-own-1",
    }
    return (
        Example(
            _ASK_FOR_CODE.format(phone_number=quote(phone_number)),
            _SIGN_IN,
            {"input": {"phoneNumber": phone_number}},
            {},
        ),
        Example("2. The home screen.\nPut the access token into the headers below.", _HOME),
        Example("3. Top up a card. Take the ids from the home screen.", _TOP_UP, {"input": top_up}),
        Example("4. What the operator offers.\nNobody needs to be signed in.", _OPERATOR, None, {}),
    )


_ASK_FOR_CODE: Final = """1. Ask for a code. On this machine it is not sent but kept, at
/dev/messages?to={phone_number}

Exchange it for an access token: POST /oauth/token with
  client_id=kontant-app
  grant_type=urn:kontant:grant-type:sign-in-code
  challenge_id= and code= as you got them"""

_SIGN_IN: Final = """
mutation SignIn($input: RequestSignInCodeInput!) {
  requestSignInCode(input: $input) {
    challengeId
    expiresAt
    errors { code message }
  }
}
"""

_HOME: Final = """
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
"""

_TOP_UP: Final = """
mutation TopUp($input: TopUpCardInput!) {
  topUpCard(input: $input) {
    topUp { id status amount { amount currency } actionUrl }
    card { phoneNumber activeUntil balance { amount currency } }
    errors { __typename code message path }
  }
}
"""

_OPERATOR: Final = """
query Operator {
  operator {
    name
    country
    currency
    locales
    topUpAmounts { amount currency }
  }
}
"""
