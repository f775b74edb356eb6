"""Token exchange (RFC 8693): staff are given a token for their open support session, and nobody else is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import pytest

from auth.delegations import ACCESS_TOKEN, SUPPORT_SESSION
from auth.keys import KeyRing
from auth.tokens import AccessTokens
from domain.identity.session import AuthenticationMethod, Person, Session
from domain.kernel.access import ActorKind, StaffRole, SupportAccess, staff, system
from domain.kernel.errors import Unauthenticated
from domain.support.session import SupportSession
from domain.support.usecases import EndSupportSession
from tests.api.oauth.browser import SECRET, App, Browser
from tests.auth.support import SECRET as DEPLOYMENT_SECRET
from tests.auth.support import SignInWorld
from tests.support.world import World

GRANT: Final = "urn:ietf:params:oauth:grant-type:token-exchange"


@dataclass
class Agent:
    """Somebody of the staff who is signed in, and helps the browser's person."""

    id: UUID
    session: Session
    token: str
    support: SupportSession

    def form(self, **changes: str | None) -> dict[str, str]:
        asked: dict[str, str | None] = {
            "grant_type": GRANT,
            "client_id": "support",
            "subject_token": str(self.support.id),
            "subject_token_type": SUPPORT_SESSION,
            "actor_token": self.token,
            "actor_token_type": ACCESS_TOKEN,
            **changes,
        }
        return {name: value for name, value in asked.items() if value is not None}


def people(signing: SignInWorld) -> World:
    assert signing.people is not None
    return signing.people


async def signed_in(signing: SignInWorld, name: str, *roles: StaffRole) -> tuple[UUID, Session, str]:
    """A member of staff, their session, and their access token."""
    world = people(signing)
    id = await world.staff(name, *roles)
    async with world.unit(system("test"), world.ids.new()) as work:
        begun = Session(
            id=work.id,
            person=Person.staff(id),
            client_id="support",
            started_at=work.now,
            method=AuthenticationMethod.SINGLE_SIGN_ON,
            generation_at=work.now,
        )
        session = await work.identity.add_session(begun)
    return id, session, (await tokens_of(signing)).issue(session, id=str(world.ids.new()), now=signing.clock.now())


async def tokens_of(signing: SignInWorld) -> AccessTokens:
    keys = KeyRing(signing.operator, signing.database, DEPLOYMENT_SECRET, signing.clock)
    await keys.load()
    return AccessTokens(signing.operator, keys)


@pytest.fixture
async def agent(signing: SignInWorld, browser: Browser) -> Agent:
    name = f"Sven {people(signing).ids.new()}"  # no two share their searches of an hour
    id, session, token = await signed_in(signing, name, StaffRole.AGENT)
    return Agent(id, session, token, await people(signing).support_session(id, browser.person))


async def exchanged(browser: Browser, form: Mapping[str, str]) -> tuple[int, dict[str, Any]]:
    answer = await browser.post("/oauth/token", form)
    assert answer.headers["cache-control"] == "no-store"
    return answer.status_code, answer.json()


async def introspected(browser: Browser, token: str) -> dict[str, Any]:
    return (await browser.post("/oauth/introspect", {"token": token}, auth=("server", SECRET))).json()


async def test_staff_are_given_a_token_that_says_who_acts_for_whom(
    browser: Browser, signing: SignInWorld, agent: Agent
) -> None:
    signing.clock.advance(timedelta(minutes=5))
    status, body = await exchanged(browser, agent.form())
    assert status == 200
    assert (body["issued_token_type"], body["token_type"], body["expires_in"]) == (ACCESS_TOKEN, "Bearer", 600)
    assert "refresh_token" not in body
    actor = await signing.identity.authenticator.actor(f"Bearer {body['access_token']}")
    assert (actor.is_impersonating, actor.staff_id, actor.subject) == (True, agent.id, browser.person)
    assert actor.delegation is not None
    assert (actor.session_id, actor.delegation.access) == (agent.support.id, SupportAccess.ASSIST)
    told = await introspected(browser, body["access_token"])
    assert (told["active"], told["sub"], told["act"]) == (True, str(browser.person), {"sub": f"staff:{agent.id}"})
    assert told["client_id"] == "support"


async def test_it_ends_with_the_support_session_and_not_later(
    browser: Browser, signing: SignInWorld, agent: Agent
) -> None:
    signing.clock.advance(timedelta(minutes=14))
    agent.token = (await tokens_of(signing)).issue(agent.session, id="later", now=signing.clock.now())
    _, body = await exchanged(browser, agent.form())
    assert body["expires_in"] == 60
    signing.clock.advance(timedelta(minutes=1))
    with pytest.raises(Unauthenticated):
        await signing.identity.authenticator.actor(f"Bearer {body['access_token']}")
    assert await introspected(browser, body["access_token"]) == {"active": False}
    agent.token = (await tokens_of(signing)).issue(agent.session, id="last", now=signing.clock.now())
    assert (await exchanged(browser, agent.form()))[1]["error"] == "invalid_grant"


async def test_a_token_of_a_support_session_that_was_ended_is_not_active(
    browser: Browser, signing: SignInWorld, agent: Agent
) -> None:
    _, body = await exchanged(browser, agent.form())
    command = EndSupportSession(support_session_id=agent.support.id)
    await signing.executor.execute(command, staff(agent.id, [StaffRole.AGENT]))
    assert await introspected(browser, body["access_token"]) == {"active": False}
    assert (await exchanged(browser, agent.form()))[1]["error"] == "invalid_grant"


async def test_who_acts_for_one_cannot_act_for_the_next_with_it(browser: Browser, agent: Agent) -> None:
    _, body = await exchanged(browser, agent.form())
    status, refused = await exchanged(browser, agent.form(actor_token=body["access_token"]))
    assert (status, refused["error"]) == (400, "invalid_grant")


async def test_a_colleagues_support_session_is_not_ones_own(
    browser: Browser, signing: SignInWorld, agent: Agent
) -> None:
    _, _, token = await signed_in(signing, "Siv", StaffRole.LEAD)
    assert (await exchanged(browser, agent.form(actor_token=token)))[1]["error"] == "invalid_grant"


@pytest.mark.parametrize("roles", [[StaffRole.ANALYST], [StaffRole.PROGRAMME_MANAGER, StaffRole.ADMINISTRATOR]])
async def test_who_may_not_assist_any_more_is_refused(
    browser: Browser, signing: SignInWorld, agent: Agent, roles: list[StaffRole]
) -> None:
    id, _, token = await signed_in(signing, f"Stig {people(signing).ids.new()}", *roles)
    agent.support = await people(signing).support_session(id, browser.person)  # from when they were an agent
    assert (await exchanged(browser, agent.form(actor_token=token)))[1]["error"] == "invalid_grant"


async def test_a_customer_cannot_act_for_another(browser: Browser, signing: SignInWorld, agent: Agent) -> None:
    world = people(signing)
    async with world.unit(system("test"), world.ids.new()) as work:
        theirs = replace(agent.session, id=work.id, person=Person.customer(browser.person))
        await work.identity.add_session(theirs)
    token = (await tokens_of(signing)).issue(theirs, id="theirs", now=signing.clock.now())
    assert (await exchanged(browser, agent.form(actor_token=token)))[1]["error"] == "invalid_grant"


async def test_staff_who_have_signed_out_are_refused_at_once(
    browser: Browser, signing: SignInWorld, agent: Agent
) -> None:
    answer = await browser.post("/oauth/revoke", {"token": agent.token, "client_id": "support"})
    assert answer.status_code == 200
    assert (await exchanged(browser, agent.form()))[1]["error"] == "invalid_grant"


async def test_a_delegation_is_not_refreshed(browser: Browser, agent: Agent) -> None:
    _, body = await exchanged(browser, agent.form())
    form = {"grant_type": "refresh_token", "client_id": "support", "refresh_token": body["access_token"]}
    assert (await exchanged(browser, form))[1]["error"] == "invalid_grant"


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"client_id": "web"}, "unauthorized_client"),
        ({"client_id": "native"}, "unauthorized_client"),
        ({"client_id": "server"}, "invalid_client"),
        ({"client_id": "unknown"}, "invalid_client"),
        ({"client_id": "other-support"}, "invalid_grant"),
        ({"subject_token": None}, "invalid_request"),
        ({"subject_token": "rubbish"}, "invalid_grant"),
        ({"subject_token": "00000000-0000-0000-0000-000000000000"}, "invalid_grant"),
        ({"subject_token_type": None}, "invalid_request"),
        ({"subject_token_type": ACCESS_TOKEN}, "invalid_request"),
        ({"actor_token": None}, "invalid_request"),
        ({"actor_token": "rubbish"}, "invalid_grant"),
        ({"actor_token_type": None}, "invalid_request"),
        ({"actor_token_type": "urn:ietf:params:oauth:token-type:jwt"}, "invalid_request"),
        ({"requested_token_type": "urn:ietf:params:oauth:token-type:refresh_token"}, "invalid_request"),
        ({"audience": "https://elsewhere.example"}, "invalid_target"),
        ({"resource": "https://elsewhere.example"}, "invalid_target"),
        ({"scope": "openid"}, "invalid_scope"),
    ],
)
async def test_whatever_is_wrong_about_it_is_said(
    browser: Browser, agent: Agent, changes: dict[str, str | None], error: str
) -> None:
    status, body = await exchanged(browser, agent.form(**changes))
    assert (status, body["error"]) == (400, error)
    assert "access_token" not in body


async def test_its_audience_may_be_named(browser: Browser, signing: SignInWorld, agent: Agent) -> None:
    there = f"{signing.operator.issuer}/graphql"
    form = agent.form(audience=there, resource=there, requested_token_type=ACCESS_TOKEN)
    assert (await exchanged(browser, form))[0] == 200


async def test_each_exchange_is_on_record(browser: Browser, signing: SignInWorld, agent: Agent) -> None:
    await exchanged(browser, agent.form())
    row = await signing.database.fetchrow(
        "select actor, details->>'support_session_id' from audit where operation = 'act_in_support_session'"
        " order by at desc, id desc limit 1"
    )
    assert tuple(row) == (f"staff:{agent.id}", str(agent.support.id))


# Staff under their own name


async def test_a_token_of_staff_says_what_they_are_there_for(signing: SignInWorld, agent: Agent) -> None:
    actor = await signing.identity.authenticator.actor(f"Bearer {agent.token}")
    assert (actor.kind, actor.staff_id, actor.subject) == (ActorKind.STAFF, agent.id, None)
    assert actor.roles == {StaffRole.AGENT}
    assert actor.authentication is not None
    assert actor.authentication.at == agent.session.started_at


async def test_introspection_never_takes_staff_for_a_customer(browser: Browser, agent: Agent) -> None:
    told = await introspected(browser, agent.token)
    assert (told["active"], told["sub"]) == (True, f"staff:{agent.id}")
    bearer = {"Authorization": f"Bearer {agent.token}"}
    assert (await browser.http.get("/oauth/userinfo", headers=bearer)).json() == {"sub": f"staff:{agent.id}"}


async def test_no_customer_signs_in_to_the_staffs_front_end(browser: Browser, app: App) -> None:
    page = await browser.open(app.request(client_id="support", redirect_uri="https://support.example/in"))
    assert page.response.status_code == 303
    assert page.response.headers["location"].startswith("https://support.example/in?error=")
