"""Messages: queued once for each event and reader, sent once, and forgotten."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from domain.kernel.access import system
from domain.kernel.quantities import UsageType
from domain.loyalty.bonus import BonusCode, GrantBonus
from domain.notifications import usecases as notifications
from domain.notifications.messages import Channel, Message, MessageKind
from domain.notifications.ports import MessageNotSent
from tests.support.world import World
from tests.worker.support import Mail

PARENT, TEENAGER = "+46701740605", "+46701740606"
CHALLENGE = UUID(int=123456)


@pytest.fixture
def mail(world: World, tmp_path: Path) -> Mail:
    return Mail(world, tmp_path)


def a_message(person: UUID | None, kind: MessageKind = MessageKind.TOP_UP_UNKNOWN) -> Message:
    if kind is MessageKind.SIGN_IN_CODE:
        return Message(kind, person, {"challenge_id": str(CHALLENGE), "minutes": 5})
    return Message(kind, person, {"amount": 100, "phone_number": PARENT})


async def kept(world: World, id: UUID) -> tuple[str, str, bool]:
    row = await world.database.fetchrow(
        "select address, data::text, ended_at is not null from message where id = $1", id
    )
    return tuple(row)


async def test_a_message_is_sent_once_and_its_personal_data_are_erased(mail: Mail, world: World) -> None:
    message = await mail.queue(a_message(await world.person()))
    await mail.delivery.deliver(message)
    await mail.delivery.deliver(message)
    assert len(await mail.told()) == 1
    assert await kept(world, message) == ("", "{}", True)


async def test_a_message_whose_end_was_not_kept_is_not_sent_twice(world: World, tmp_path: Path) -> None:
    def die(step: str) -> None:
        if step == "message.sent":
            raise SystemError("died")

    message = await Mail(world, tmp_path).queue(a_message(await world.person()))
    with pytest.raises(SystemError):
        await Mail(world, tmp_path, die).delivery.deliver(message)
    assert await kept(world, message) != ("", "{}", True)
    mail = Mail(world, tmp_path)
    await mail.delivery.deliver(message)
    assert len(await mail.told()) == 1
    assert await kept(world, message) == ("", "{}", True)


async def test_a_message_to_nobody_known_is_ended_and_not_sent(mail: Mail, world: World) -> None:
    message = await mail.queue(a_message(None, MessageKind.SIGN_IN_CODE))
    await mail.delivery.deliver(message)
    assert await mail.told() == []
    assert await kept(world, message) == ("", "{}", True)


async def test_a_sign_in_code_is_made_when_it_is_sent_and_kept_nowhere(mail: Mail, world: World) -> None:
    message = await mail.queue(a_message(await world.person(), MessageKind.SIGN_IN_CODE))
    assert "123456" not in (await kept(world, message))[1]
    await mail.delivery.deliver(message)
    [text] = await mail.told()
    assert "123456" in text
    assert "5 minuter" in text


@pytest.mark.parametrize(
    ("kind", "good_for"),
    [(MessageKind.SIGN_IN_CODE, timedelta(minutes=5)), (MessageKind.TOP_UP_UNKNOWN, timedelta(days=1))],
)
async def test_a_message_that_is_of_no_use_any_more_is_ended_and_not_sent(
    kind: MessageKind, good_for: timedelta, mail: Mail, world: World
) -> None:
    person = await world.person()
    late = await mail.queue(a_message(person, kind))
    world.clock.advance(timedelta(seconds=1))
    in_time = await mail.queue(a_message(person, kind))
    world.clock.advance(good_for - timedelta(seconds=1))
    await mail.delivery.deliver(late)
    assert await mail.told() == []
    assert await kept(world, late) == ("", "{}", True)
    await mail.delivery.deliver(in_time)
    assert len(await mail.told()) == 1


async def test_a_message_that_the_carrier_does_not_confirm_is_kept(
    mail: Mail, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*, to: str, channel: Channel, text: str, id: UUID, subject: str | None = None) -> None:
        raise MessageNotSent

    message = await mail.queue(a_message(await world.person()))
    with monkeypatch.context() as patch:
        patch.setattr(mail.outbox, "send", fail)
        with pytest.raises(MessageNotSent):
            await mail.delivery.deliver(message)
    await mail.delivery.deliver(message)
    assert len(await mail.told()) == 1


async def test_who_pays_and_who_carries_the_card_are_told_of_a_top_up(mail: Mail, world: World) -> None:
    parent = await world.person(phone_number=PARENT)
    teenager = await world.person(phone_number=TEENAGER)
    card = await world.card(parent, user=teenager, active_until=date(2026, 6, 1))
    await world.top_up(parent, card, await world.payment_method(parent))
    await mail.tell_of_events()
    await mail.deliver_all()
    [text] = await mail.told(PARENT)
    assert "100 kr" in text
    assert "2 mars 2027" in text
    assert await mail.told(TEENAGER) == [text]


async def test_who_tops_up_their_own_card_is_told_once(mail: Mail, world: World) -> None:
    parent = await world.person(phone_number=PARENT)
    await world.top_up(parent, await world.card(parent), await world.payment_method(parent))
    await mail.tell_of_events()
    await mail.deliver_all()
    assert len(await mail.told()) == 1


@pytest.mark.parametrize(
    ("token", "words"),
    [("sandbox_declines", "Inga pengar har dragits"), ("sandbox_times_out_then_succeeds", "Betala inte en gång till")],
)
async def test_only_who_pays_is_told_of_a_top_up_that_did_not_succeed(
    token: str, words: str, mail: Mail, world: World
) -> None:
    parent, teenager = await world.person(phone_number=PARENT), await world.person(phone_number=TEENAGER)
    card = await world.card(parent, user=teenager)
    await world.top_up(parent, card, await world.payment_method(parent, token))
    await mail.tell_of_events()
    await mail.deliver_all()
    [text] = await mail.told(PARENT)
    assert words in text
    assert await mail.told(TEENAGER) == []


async def test_who_gets_a_bonus_is_told(mail: Mail, world: World) -> None:
    parent = await world.person(phone_number=PARENT)
    bonus = GrantBonus(
        customer_id=parent,
        card_id=await world.card(parent),
        code=BonusCode.BIRTHDAY,
        usage_type=UsageType.DATA,
        quantity=2 * 10**9,
        valid_until=None,
    )
    await mail.executor.execute(bonus, system("loyalty"))
    await mail.tell_of_events()
    await mail.deliver_all()
    [text] = await mail.told()
    assert "2 GB" in text


async def test_who_has_no_phone_number_is_not_told(mail: Mail, world: World) -> None:
    parent = await world.person()
    await world.top_up(parent, await world.card(parent), await world.payment_method(parent))
    await mail.tell_of_events()
    assert await world.database.fetchval("select count(*) from message") == 0


async def test_a_message_and_its_job_are_queued_together(mail: Mail, world: World) -> None:
    parent = await world.person(phone_number=PARENT)
    await world.top_up(parent, await world.card(parent), await world.payment_method(parent))
    await mail.tell_of_events()
    [message] = await world.database.fetch("select id from message")
    [job] = await world.database.fetch("select payload from pgqueuer where entrypoint = 'deliver_message'")
    assert job["payload"] == str(message["id"]).encode()


async def test_nobody_is_told_again_when_the_events_are_read_anew(mail: Mail, world: World) -> None:
    parent = await world.person(phone_number=PARENT)
    await world.top_up(parent, await world.card(parent), await world.payment_method(parent))
    await mail.tell_of_events()
    await mail.deliver_all()
    async with world.unit(system("test"), world.ids.new()) as work:
        await work.subscriptions.rewind(notifications.MESSAGES)
    await mail.tell_of_events()
    await mail.deliver_all()
    assert len(await mail.told()) == 1
    assert await world.database.fetchval("select count(*) from pgqueuer where entrypoint = 'deliver_message'") == 1


async def test_what_happened_long_ago_is_no_news(mail: Mail, world: World) -> None:
    parent = await world.person(phone_number=PARENT)
    await world.top_up(parent, await world.card(parent), await world.payment_method(parent))
    world.clock.advance(notifications.WORTH_TELLING)
    await mail.tell_of_events()
    assert await world.database.fetchval("select count(*) from message") == 0
