"""The sandbox tells of what has settled: once or twice, again when it was not heard, and only on this machine."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from domain.payments.ports import PaymentStatus
from gateways.payments.delivery import WebhookDelivery
from gateways.payments.record import WebhookSent
from gateways.payments.scripts import TestToken
from tests.gateways.payments.contract import charge_of
from tests.gateways.payments.support import SECRET, RealClock, Receiver, eventually, receiver, sandbox, witness

AT_ONCE = timedelta(0)


@pytest.fixture
def shop() -> Generator[Receiver]:
    with receiver() as state:
        yield state


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "sandbox.sqlite3"


@asynccontextmanager
async def delivery(
    url: str, *, back_off_seconds: tuple[float, ...] = (0.01, 0.01)
) -> AsyncGenerator[tuple[WebhookDelivery, list[WebhookSent]]]:
    sent = list[WebhookSent]()

    async def written(webhook: WebhookSent) -> None:
        sent.append(webhook)

    made = WebhookDelivery(url, secret=SECRET, clock=RealClock(), written=written, back_off_seconds=back_off_seconds)
    try:
        yield made, sent
    finally:
        await made.aclose()


async def quiet() -> None:
    """Long enough for what should not come to have come."""
    await asyncio.sleep(0.2)


async def test_a_captured_payment_is_told_once_and_the_gateway_can_read_it(path: Path, shop: Receiver) -> None:
    charge = charge_of(TestToken.SUCCEEDS)
    async with sandbox(path, webhook_url=shop.url) as gateway:
        await gateway.charge(charge)
        await gateway.charge(charge)
        [webhook] = await shop.wait_for(1)
        await quiet()
        assert len(shop.received) == 1
        assert webhook.headers["content-type"] == "application/json"
        assert gateway.read_webhook(webhook.body, webhook.headers) == charge.intent_id
    with witness(path) as record:
        [sent] = record.webhooks(charge.intent_id)
        assert record.webhooks(uuid4()) == []
    assert (sent.intent_id, sent.http_status) == (charge.intent_id, 204)
    assert sent.event_id == json.loads(webhook.body)["event_id"]


async def test_a_duplicated_webhook_is_one_event_that_comes_twice(path: Path, shop: Receiver) -> None:
    charge = charge_of(TestToken.DUPLICATES_WEBHOOK)
    async with sandbox(path, webhook_url=shop.url) as gateway:
        assert (await gateway.charge(charge)).status is PaymentStatus.CAPTURED
        await shop.wait_for(2)
        await quiet()
        assert len(shop.received) == 2
        assert {gateway.read_webhook(w.body, w.headers) for w in shop.received} == {charge.intent_id}
    assert len({w.body for w in shop.received}) == 1
    with witness(path) as record:
        assert len(record.captures()) == 1
        assert len(record.webhooks(charge.intent_id)) == 2


@pytest.mark.parametrize("token", [TestToken.TIMES_OUT_THEN_SUCCEEDS, TestToken.TIMES_OUT_THEN_FAILS])
async def test_a_late_payment_is_told_when_it_has_settled_though_nobody_waits(
    path: Path, shop: Receiver, token: str
) -> None:
    charge = charge_of(token)
    async with sandbox(path, webhook_url=shop.url, settles_after_seconds=0.8) as gateway:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(gateway.charge(charge), timeout=0.3)
        assert (await gateway.look_up(charge.intent_id)).status is PaymentStatus.PENDING
        assert shop.received == []
        await shop.wait_for(1)
        assert (await gateway.look_up(charge.intent_id)).status is not PaymentStatus.PENDING


async def test_what_waits_for_the_customer_is_told_when_they_have_decided(path: Path, shop: Receiver) -> None:
    charge = charge_of(TestToken.NEEDS_ACTION)
    async with sandbox(path, webhook_url=shop.url) as gateway:
        await gateway.charge(charge)
        await quiet()
        assert shop.received == []
        await gateway.approve(charge.intent_id)
        await gateway.approve(charge.intent_id)
        await shop.wait_for(1)
        await quiet()
    assert len(shop.received) == 1


async def test_a_webhook_that_is_not_accepted_comes_again_signed_anew(shop: Receiver) -> None:
    shop.answers = [500, 302]
    async with delivery(shop.url) as (sender, sent):
        sender.tell(uuid4(), after=AT_ONCE)
        await eventually(lambda: len(sent) == 3)
        await quiet()
    assert [s.http_status for s in sent] == [500, 302, 204]
    assert len({s.event_id for s in sent}) == 1
    assert {w.path for w in shop.received} == {"/webhooks"}


async def test_a_webhook_that_nobody_takes_is_dropped_and_said_so(caplog: pytest.LogCaptureFixture) -> None:
    with receiver() as gone:
        url = gone.url
    intent_id = uuid4()
    with caplog.at_level(logging.WARNING):
        async with delivery(url) as (sender, sent):
            sender.tell(intent_id, after=AT_ONCE)
            await eventually(lambda: "is dropped" in caplog.text)
    assert [s.http_status for s in sent] == [None, None, None]
    assert str(intent_id) in caplog.text


async def test_a_shop_that_is_down_does_not_hold_up_a_charge(path: Path) -> None:
    with receiver() as gone:
        url = gone.url
    async with sandbox(path, webhook_url=url) as gateway:
        assert (await gateway.charge(charge_of(TestToken.SUCCEEDS))).status is PaymentStatus.CAPTURED


async def test_closing_gives_up_what_is_under_way(path: Path, shop: Receiver) -> None:
    others, began = asyncio.all_tasks(), time.monotonic()
    async with sandbox(path, webhook_url=shop.url, stall_seconds=0) as gateway:
        await gateway.charge(charge_of(TestToken.TIMES_OUT_THEN_SUCCEEDS))
        assert asyncio.all_tasks() > others
    assert asyncio.all_tasks() <= others
    assert time.monotonic() - began < 5
    assert shop.received == []


async def test_a_name_under_localhost_is_this_machine_and_is_kept_as_host(shop: Receiver) -> None:
    async with delivery(f"http://norrsken.localhost:{shop.port}/webhooks") as (sender, sent):
        sender.tell(uuid4(), after=AT_ONCE)
        [webhook] = await shop.wait_for(1)
        await eventually(lambda: len(sent) == 1)
    assert webhook.headers["host"] == f"norrsken.localhost:{shop.port}"


async def test_a_proxy_of_the_environment_is_not_used(shop: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    with receiver() as proxy:
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy.port}")
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.delenv("NO_PROXY", raising=False)
        async with delivery(f"http://localhost:{shop.port}/webhooks") as (sender, sent):
            sender.tell(uuid4(), after=AT_ONCE)
            await eventually(lambda: len(sent) == 1)
        assert proxy.received == []
    assert len(shop.received) == 1


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/webhooks",
        "http://localhost.example.com/",
        "http://localhost@example.com/",
        "http://10.0.0.1/",
        "http://0.0.0.0/",
        "http://[2001:db8::1]/",
        "https://localhost/",
        "/webhooks",
        "",
    ],
)
def test_webhooks_go_nowhere_but_to_this_machine(url: str) -> None:
    async def written(webhook: WebhookSent) -> None:
        raise AssertionError(webhook)

    with pytest.raises(ValueError, match="on this machine only"):
        WebhookDelivery(url, secret=SECRET, clock=RealClock(), written=written)
