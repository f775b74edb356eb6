"""The demo's identity provider as a process of its own: `python -m tests.support.demo_provider PORT`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import date

import uvicorn

from kontant.demo.identities import DemoIdentity, identities
from kontant.demo.people import people
from kontant.demo.provider import DemoProvider
from tests.support.operators import NORRSKEN

BORN = date(1985, 7, 12)


async def who_is_there(operator: str, kind: str) -> Sequence[DemoIdentity]:
    """Everybody of the cast, all born on one day."""
    if operator != NORRSKEN.slug:
        raise LookupError(operator)
    return identities(NORRSKEN, kind, {person.phone_number: BORN for person in people(NORRSKEN)})


def main(port: int) -> None:
    """Serves until it is stopped."""
    callback = f"{NORRSKEN.issuer}/oauth/callback"
    provider = DemoProvider(
        f"http://localhost:{port}", who_is_there=who_is_there, redirect_uris={NORRSKEN.slug: callback}
    )
    uvicorn.run(provider.app(), host="127.0.0.1", port=port, lifespan="off", log_level="error")


if __name__ == "__main__":
    main(int(sys.argv[1]))
