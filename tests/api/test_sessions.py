"""Where one is signed in, over HTTP: seen, recognised and ended."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from datetime import timedelta
from typing import Any

import pytest

from auth.devices import device_label
from domain.identity.contacts import Contact
from domain.identity.senders import NOBODY
from tests.support.client import Client, a_client
from tests.support.world import World

NUMBER = "+46701740605"
PHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/18.5 Mobile/15E148 Safari/604.1"
)
LAPTOP = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
SESSIONS = """{ viewer { sessions { nodes { id app device isCurrent startedAt lastSeenAt } } } }"""
END = "mutation($id: ID!) { endSession(input: {sessionId: $id}) { endedAt errors { code } } }"
END_ALL = "mutation($keep: Boolean!) { endAllSessions(input: {keepThisOne: $keep}) { ended errors { code } } }"


class Device:
    """One that is signed in."""

    def __init__(self, client: Client, tokens: dict[str, Any]) -> None:
        self.client, self.tokens = client, tokens

    async def ask(self, document: str, **variables: Any) -> Any:
        headers = {"Authorization": f"Bearer {self.tokens['access_token']}"}
        return (await self.client.ask(document, variables, headers=headers)).data

    async def sessions(self) -> list[dict[str, Any]]:
        return (await self.ask(SESSIONS))["viewer"]["sessions"]["nodes"]

    async def refresh(self) -> bool:
        form = {"grant_type": "refresh_token", "client_id": "kontant-app"}
        form["refresh_token"] = self.tokens["refresh_token"]
        answer = await self.client.http.post("/oauth/token", data=form)
        if answer.status_code == 200:
            self.tokens = answer.json()
        return answer.status_code == 200


@pytest.fixture
async def client(world: World) -> AsyncGenerator[Client]:
    await world.person(phone_number=NUMBER)
    async with a_client(world) as client:
        yield client


async def a_device(client: Client, user_agent: str) -> Device:
    challenge = await client.services[0].identity.sign_in.request(Contact.phone(NUMBER), sender=NOBODY)
    form = {
        "grant_type": "urn:kontant:grant-type:sign-in-code",
        "client_id": "kontant-app",
        "challenge_id": str(challenge.id),
        "code": client.code_of(str(challenge.id)),
    }
    answer = await client.http.post("/oauth/token", data=form, headers={"User-Agent": user_agent})
    return Device(client, answer.json())


async def test_one_sees_where_one_is_signed_in(client: Client) -> None:
    phone = await a_device(client, PHONE)
    client.worlds[0].clock.advance(timedelta(minutes=1))
    laptop = await a_device(client, LAPTOP)
    client.worlds[0].clock.advance(timedelta(minutes=9))
    assert await laptop.refresh()
    newest, oldest = await laptop.sessions()
    assert (newest["device"], newest["isCurrent"]) == ("Firefox, Linux", True)
    assert (oldest["device"], oldest["isCurrent"]) == ("Mobile Safari, iPhone", False)
    assert newest["app"] == "Kontant"
    assert newest["startedAt"] == "2026-03-02T09:01:00Z"
    assert newest["lastSeenAt"] == "2026-03-02T09:10:00Z"
    assert oldest["lastSeenAt"] == oldest["startedAt"]
    assert await phone.refresh()


async def test_one_ends_a_lost_phones_session(client: Client) -> None:
    phone, laptop = await a_device(client, PHONE), await a_device(client, LAPTOP)
    [lost] = [one for one in await laptop.sessions() if not one["isCurrent"]]
    for _ in range(2):
        assert (await laptop.ask(END, id=lost["id"]))["endSession"] == {
            "endedAt": "2026-03-02T09:00:00Z",
            "errors": [],
        }
        client.worlds[0].clock.advance(timedelta(seconds=1))
    assert [one["isCurrent"] for one in await laptop.sessions()] == [True]
    assert not await phone.refresh()
    client.worlds[0].clock.advance(timedelta(seconds=30))
    answer = await client.ask(SESSIONS, headers={"Authorization": f"Bearer {phone.tokens['access_token']}"})
    assert answer.status == 401


@pytest.mark.parametrize(("keep", "ended"), [(True, 2), (False, 3)])
async def test_one_ends_all_sessions_or_all_others(client: Client, keep: bool, ended: int) -> None:
    devices = [await a_device(client, LAPTOP) for _ in range(3)]
    stranger = await client.worlds[0].person()
    theirs = await client.worlds[0].session(stranger)
    assert (await devices[1].ask(END_ALL, keep=keep))["endAllSessions"] == {"ended": ended, "errors": []}
    assert [await device.refresh() for device in devices] == [False, keep, False]
    database = client.worlds[0].database
    assert await database.fetchval("select ended_at from session where id = $1", theirs) is None
    assert await database.fetchval("select count(*) from event where type = 'session.ended'") == ended


async def test_who_was_away_for_too_long_is_not_listed(client: Client) -> None:
    await a_device(client, PHONE)
    client.worlds[0].clock.advance(timedelta(days=30))
    assert [one["isCurrent"] for one in await (await a_device(client, LAPTOP)).sessions()] == [True]


async def test_the_header_itself_is_kept_nowhere(client: Client) -> None:
    await a_device(client, LAPTOP)
    rows = await client.worlds[0].database.fetch("select to_jsonb(session)::text from session")
    rows += await client.worlds[0].database.fetch("select details::text from audit")
    assert not any("Gecko" in row[0] or "140" in row[0] for row in rows)
    assert not any("Firefox" in row[0] for row in rows[1:])


@pytest.mark.parametrize(
    ("user_agent", "label"),
    [
        (None, None),
        ("", None),
        ("x", None),
        ("\x00\r\n", None),
        (LAPTOP, "Firefox, Linux"),
        ("Mozilla/5.0 (" * 5_000, None),
    ],
)
def test_a_device_is_told_in_few_words(user_agent: str | None, label: str | None) -> None:
    assert device_label(user_agent) == label


def test_a_label_is_short_whatever_is_sent() -> None:
    made_up = f"{'Very' * 200}Browser/1.0 (Linux; Android 15; {'Phone' * 200})"
    assert len(device_label(made_up) or "") <= 60
