"""A customer who uses the API as an app would: through HTTP, and nothing else."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any, Final, Self

import httpx2

from tests.support.databases import CHECKOUT

HOME: Final = (CHECKOUT / "bench/documents/home.graphql").read_text()

PATIENCE_SECONDS: Final = 20

ASK_FOR_CODE: Final = """
mutation ($phoneNumber: PhoneNumber!) {
  requestSignInCode(input: {phoneNumber: $phoneNumber}) { challengeId errors { code } }
}"""

TOP_UP: Final = """
mutation ($input: TopUpCardInput!) {
  topUpCard(input: $input) { topUp { id status } errors { code } }
}"""

WALLET: Final = """
{ viewer { paymentMethods { id brand } cards { nodes { id phoneNumber balance { amount currency } } } } }"""

STATUS: Final = "query ($id: ID!) { node(id: $id) { ... on TopUp { status } } }"


class Customer:
    """Somebody who has signed in at one operator. Every answer with errors fails an assertion."""

    def __init__(self, url: str, phone_number: str) -> None:
        self.phone_number = phone_number
        limits = httpx2.Limits(max_connections=100)
        self._http = httpx2.Client(base_url=url, timeout=30, limits=limits)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def sign_in(self) -> None:
        """Asks for a code, reads it where it was sent, and takes the token for it."""
        asked = self.ask(ASK_FOR_CODE, phoneNumber=self.phone_number)["requestSignInCode"]
        assert asked["errors"] == []
        newest, *_ = self._http.get("/dev/messages", params={"to": self.phone_number}).raise_for_status().json()
        code = re.search(r"\d{6}", newest["text"])
        assert code, "no code was sent"
        form = {
            "grant_type": "urn:kontant:grant-type:sign-in-code",
            "client_id": "kontant-app",
            "challenge_id": asked["challengeId"],
            "code": code[0],
        }
        answer = self._http.post("/oauth/token", data=form).raise_for_status().json()
        self._http.headers["Authorization"] = f"Bearer {answer['access_token']}"

    def ask(self, document: str, **variables: Any) -> Any:
        """Sends a document, and again when the answer asks for that. Returns its data."""
        body = {"query": document, "variables": variables}
        answer = self._http.post("/graphql", json=body).json()
        deadline = time.monotonic() + PATIENCE_SECONDS
        while (pause := _asked_pause(answer)) and time.monotonic() < deadline:
            time.sleep(pause)
            answer = self._http.post("/graphql", json=body).json()  # a top-up goes with the same key
        assert "errors" not in answer, answer["errors"]
        return answer["data"]

    def home(self) -> Any:
        """The home screen."""
        return self.ask(HOME)["viewer"]

    def method(self, brand: str) -> str:
        """The id of the payment method of this brand."""
        methods = self.ask(WALLET)["viewer"]["paymentMethods"]
        return next(method["id"] for method in methods if method["brand"] == brand)

    def card(self) -> Any:
        """One's own card."""
        cards = self.ask(WALLET)["viewer"]["cards"]["nodes"]
        return next(card for card in cards if card["phoneNumber"] == self.phone_number)

    def balance(self) -> Decimal:
        """What is on one's own card."""
        return Decimal(self.card()["balance"]["amount"])

    def top_up(self, card: Any, *, amount: int, method: str, key: str) -> Any:
        """Buys balance. Returns the payload."""
        money = {"amount": str(amount), "currency": card["balance"]["currency"]}
        wish = {"cardId": card["id"], "amount": money, "paymentMethodId": method, "idempotencyKey": key}
        return self.ask(TOP_UP, input=wish)["topUpCard"]

    def top_up_at_once(self, card: Any, *, amount: int, method: str, keys: Sequence[str]) -> list[Any]:
        """Buys balance once for each key, all at the same time. Returns the payloads."""

        def one(key: str) -> Any:
            return self.top_up(card, amount=amount, method=method, key=key)

        with ThreadPoolExecutor(len(keys)) as threads:
            return list(threads.map(one, keys))

    def status_after(self, top_up: str, *, seconds: float, is_settled: Callable[[str], bool]) -> str:
        """What becomes of a top-up within some time."""
        deadline = time.monotonic() + seconds
        while True:
            status = self.ask(STATUS, id=top_up)["node"]["status"]
            if is_settled(status) or time.monotonic() > deadline:
                return status
            time.sleep(1)


def _asked_pause(answer: Any) -> float:
    """After how many seconds the same is to be sent again; 0 for not at all."""
    return max((error.get("extensions", {}).get("retryAfter", 0) for error in answer.get("errors", [])), default=0)
