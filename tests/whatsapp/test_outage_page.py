"""The page of one outage: whom to call, who wrote, and both as a file."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import AuditEvent
from tests.factories import integrations as make_numbers
from tests.factories import whatsapp as make

PLACE = "/w/padaria/integrations/whatsapp/outages/"


@pytest.fixture
def outage(world):
    now = timezone.now()
    channel = make_numbers.channel(world.workspace, display_name="Vendas")
    outage = make_numbers.outage(
        channel,
        opened_at=now - timedelta(hours=5),
        closed_at=now - timedelta(hours=3),
        end="recovered",
        relapses=2,
        mailed_at=now - timedelta(hours=4),
    )
    make.receipt(channel, "5511988880001", at=now - timedelta(hours=4))
    ana = make.lead(world.workspace, name="=Ana Lima")
    make.identity(ana, value="5511988880002")
    talk = make.conversation(ana, channel)
    make.message(
        talk,
        peer_key="p:5511988880002",
        provider_at=now - timedelta(hours=4),
        stored_at=now - timedelta(hours=4),
    )
    return outage


def test_it_says_whom_to_call_and_who_wrote(world, signed_in, outage):
    page = signed_in(world.agent).get(f"{PLACE}{outage.key}/").content.decode()

    for shown in (
        "tel:+5511988880001",
        "Ana Lima",
        "2 horas",
        "2 vezes em poucos minutos",
        "O número voltou ao normal",
    ):
        assert shown in page
    assert "/leads/" in page
    assert "/conversations/" in page


def test_the_file_holds_both_and_is_audited(world, signed_in, outage):
    answer = signed_in(world.agent).get(f"{PLACE}{outage.key}/people.csv")

    lines = b"".join(answer.streaming_content).decode().splitlines()
    assert answer.headers["Content-Type"].startswith("text/csv")
    assert len(lines) == 3
    assert lines[1].startswith("Ligar;;'+55 11 98888-0001;")
    assert lines[2].startswith("Escreveu;'=Ana Lima;")
    event = AuditEvent.objects.unscoped("test").get()
    assert (event.action, event.target) == ("outage.exported", str(outage.key))


def test_one_that_lasts_is_told_until_now(world, signed_in):
    channel = make_numbers.channel(world.workspace)
    outage = make_numbers.outage(channel)
    make.receipt(channel, "5511988880001", at=timezone.now() - timedelta(minutes=1))

    page = signed_in(world.agent).get(f"{PLACE}{outage.key}/").content.decode()

    assert "Em curso" in page
    assert "98888-0001" in page


def test_a_foreign_outage_is_not_there(world, signed_in, outage):
    client = signed_in(world.outsider)

    for rest in ("", "people.csv"):
        path = f"/w/oficina/integrations/whatsapp/outages/{outage.key}/{rest}"
        assert client.get(path).status_code == 404
