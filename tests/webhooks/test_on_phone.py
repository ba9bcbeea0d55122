"""A number that also lives in the Business app may send a quarter as fast."""

import pytest
from django.utils import timezone

from integrations.models import Session
from integrations.providers.base.types import SessionReport
from integrations.services import answers
from tests.factories import cloud_api as cloud
from tests.factories import integrations as make
from tests.integrations.pairing import connected
from whatsapp.services import outbox


def rate(channel):
    channel.refresh_from_db()
    return outbox.rate_of(channel)


def test_an_echo_from_the_phone_slows_the_number_down(shop):
    assert rate(shop.channel) == 80
    shop.channel.limits = {"messages": "TIER_1K"}
    shop.channel.save()

    shop.process(cloud.body(cloud.message()))
    assert rate(shop.channel) == 80

    shop.process(cloud.echo("Podemos ajudar?"))
    assert rate(shop.channel) == 20
    assert shop.channel.limits == {"messages": "TIER_1K", "is_on_phone": True}


@pytest.mark.parametrize(("told", "expected"), [(True, 20), (False, 80), (None, 20)])
def test_what_the_provider_says_when_it_is_asked_counts(world, told, expected):
    session: Session = connected(make.sandbox_number(world.workspace))
    session.channel.limits = {"is_on_phone": True}
    session.channel.save()
    report = SessionReport(state="connected", is_on_phone=told)

    answers.take_answer(session, report, now=timezone.now())

    assert rate(session.channel) == expected
