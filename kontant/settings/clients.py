"""What may stand in `kontant.toml` about the authorization server: its clients and its keys."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import timedelta
from typing import Annotated, Final, Self

from pydantic import Field, model_validator

from auth.clients import Client, ClientKind, why_not_redirect
from auth.key_rotation import KeyRules
from auth.keys import LEAST_LEAD
from kontant.settings.values import Section

CLIENT_ID: Final = r"^[a-z][a-z0-9-]{0,62}$"

DEMO_SERVER_SECRET: Final = "a secret of the demo, and no secret"
DEMO_CLIENTS: Final = (
    Client(
        id="demo-web",
        name="Demo",
        kind=ClientKind.WEB,
        redirect_uris=("http://127.0.0.1/signed-in", "http://localhost:3000/signed-in"),
        post_logout_redirect_uris=("http://127.0.0.1/signed-out", "http://localhost:3000/signed-out"),
    ),
    Client(
        id="demo-support",
        name="Demo support",
        kind=ClientKind.STAFF,
        redirect_uris=("http://127.0.0.1/signed-in", "http://localhost:3000/signed-in"),
        post_logout_redirect_uris=("http://127.0.0.1/signed-out", "http://localhost:3000/signed-out"),
    ),
    Client(
        id="demo-server",
        name="Demo server",
        kind=ClientKind.RESOURCE_SERVER,
        secret_sha256=hashlib.sha256(DEMO_SERVER_SECRET.encode()).hexdigest(),
    ),
)
"""Clients that every operator has on a developer's machine, and nowhere else."""


class ClientSection(Section):
    """`[operators.….clients.…]`"""

    name: Annotated[str, Field(min_length=1, max_length=60)]
    kind: ClientKind
    redirect_uris: tuple[str, ...] = ()
    post_logout_redirect_uris: tuple[str, ...] = ()
    secret_sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")] | None = None

    @model_validator(mode="after")
    def _must_fit_its_kind(self) -> Self:
        is_server = self.kind is ClientKind.RESOURCE_SERVER
        if is_server != (self.secret_sha256 is not None):
            raise ValueError("a resource_server has secret_sha256, and no other kind: what is shipped keeps no secret")
        if is_server and (self.redirect_uris or self.post_logout_redirect_uris):
            raise ValueError("nobody signs in to a resource_server: leave its addresses out")
        if self.kind in (ClientKind.WEB, ClientKind.STAFF) and not self.redirect_uris:
            raise ValueError("redirect_uris is missing: its people sign in on our page and must come back")
        return self

    def to_client(self, id: str) -> Client:
        return Client(id=id, **self.model_dump())

    def problems(self, name: str, *, is_development: bool) -> Iterator[str]:
        """What is wrong with its addresses where it is deployed."""
        for field in ("redirect_uris", "post_logout_redirect_uris"):
            for index, uri in enumerate(getattr(self, field)):
                if why := why_not_redirect(uri, is_development=is_development):
                    yield f"{name}.{field}.{index}: {uri!r} {why}"


APP_ALONE: Final = {"kontant-app": ClientSection(name="Kontant", kind=ClientKind.NATIVE)}
"""Where nothing is said of clients: the operator's own app, which asks for sign-in codes on its own screens only."""


class SigningKeysSection(Section):
    """`[signing_keys]`"""

    rotate_after_days: Annotated[int, Field(ge=1, le=3650)] = 90
    publish_ahead_seconds: Annotated[int, Field(ge=int(LEAST_LEAD.total_seconds()), le=86_400)] = 3600

    def to_rules(self) -> KeyRules:
        return KeyRules(age=timedelta(days=self.rotate_after_days), lead=timedelta(seconds=self.publish_ahead_seconds))
