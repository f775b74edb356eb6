"""`kontant run` for a module's tests, on the first server of KONTANT_TEST_DATABASE_SERVER, or the embedded."""

from __future__ import annotations

import os
from collections.abc import Generator

import pytest

from tests.conformance.support.application import Application, running
from tests.conformance.support.people import Customer
from tests.support.databases import OTHER_SERVER


@pytest.fixture(scope="module")
def application() -> Generator[Application]:
    servers = os.environ.get(OTHER_SERVER, "").split()
    elsewhere = {"KONTANT_DATABASE_SERVER": servers[0]} if servers else {}
    with running(KONTANT_PAYMENT__WAIT_SECONDS="1", **elsewhere) as application:
        yield application


@pytest.fixture(scope="module")
def karin(application: Application) -> Generator[Customer]:
    """The parent of the demo family at the first operator."""
    with Customer(application.urls[0], "+46701740605") as karin:
        karin.sign_in()
        yield karin
