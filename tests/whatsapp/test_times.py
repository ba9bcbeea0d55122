"""Times on pages: short in the reader's language, exact with their zone on hover."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.template import engines
from django.utils import timezone, translation

from tests.factories import integrations as make_room_1
from tests.factories import whatsapp as make

EVENING = datetime(2026, 3, 10, 22, 19, 5, tzinfo=UTC)  # 19:19 in São Paulo
NOON = datetime(2026, 3, 10, 15, 0, 0, tzinfo=UTC)
MIDNIGHT = datetime(2026, 3, 10, 3, 0, 0, tzinfo=UTC)
_DJANGOS = re.compile(r"\bnoon\b|\bmidnight\b|\b[ap]\.m\.")


def shown(template, at, *, language, zone="America/Sao_Paulo"):
    source = engines["django"].from_string("{% load ui %}{{ at|" + template + " }}")
    with translation.override(language), timezone.override(zone):
        return source.render({"at": at})


@pytest.mark.parametrize(
    ("template", "at", "portuguese", "english"),
    [
        ('date:"TIME_FORMAT"', EVENING, "19:19", "7:19 PM"),
        ('date:"TIME_FORMAT"', NOON, "12:00", "12:00 PM"),
        ('date:"TIME_FORMAT"', MIDNIGHT, "00:00", "12:00 AM"),
        (
            'date:"SHORT_DATETIME_FORMAT"',
            NOON,
            "10/03/2026 12:00",
            "03/10/2026 12:00 PM",
        ),
        (
            "exact",
            EVENING,
            "10/03/2026 19:19:05 UTC-03:00",
            "03/10/2026 7:19:05 PM UTC-03:00",
        ),
        ("list_time", NOON, "10/03/2026", "03/10/2026"),
        ("day_name", NOON, "10 de março de 2026", "March 10, 2026"),
    ],
)
def test_times_are_written_as_the_reader_does(template, at, portuguese, english):
    assert shown(template, at, language="pt-br") == portuguese
    assert shown(template, at, language="en") == english


def test_the_exact_moment_names_its_zone():
    told = shown("exact", EVENING, language="en", zone="UTC")

    assert told == "03/10/2026 10:19:05 PM UTC"


def test_a_list_tells_the_hour_today_and_yesterday_by_name():
    now = timezone.now()

    assert re.fullmatch(r"\d\d?:\d\d [AP]M", shown("list_time", now, language="en"))
    assert re.fullmatch(r"\d\d:\d\d", shown("list_time", now, language="pt-br"))
    day_before = now - timedelta(days=1)
    assert shown("list_time", day_before, language="pt-br") == "Ontem"


@pytest.mark.parametrize("language", ["pt-br", "en"])
def test_every_time_of_conversation_and_lead_pages_is_exact_on_hover(
    world, signed_in, language
):
    world.agent.language = language
    world.agent.save()
    channel = make_room_1.channel(world.workspace)
    lead = make.lead(world.workspace, created_at=NOON)
    link = make.link(channel)
    make.attribution(
        lead,
        touch=make.touch(lead, link=link, occurred_at=MIDNIGHT),
        channel=channel,
        message_external_id="m1",
        evidence=[{"step": "token", "found": {"clicked_at": NOON.isoformat()}}],
    )
    make.note(lead, author=world.agent, created_at=NOON)
    talk = make.conversation(lead, channel, last_message_at=NOON)
    make.message(talk, external_id="m1", provider_at=NOON)
    make.message(talk, kind="edit", target_id="m1", text="Oi!", provider_at=MIDNIGHT)
    client = signed_in(world.agent)

    for path in (
        f"conversations/{talk.key}/",
        "conversations/",
        "leads/",
        f"leads/{lead.key}/",
        f"leads/{lead.key}/notes/",
        f"leads/{lead.key}/origin/",
        f"links/{link.key}/clicks/",
        f"links/{link.key}/conversations/",
    ):
        html = client.get(f"/w/padaria/{path}").content.decode()
        main = html.split("<main")[1]
        assert _DJANGOS.search(main) is None, path
        for time in re.findall(r"<time[^>]*>", main):
            if "T" in time.split('datetime="')[1]:  # a moment, not a day
                assert re.search(r'title="[^"]*\d\d:\d\d UTC-03:00"', time) or (
                    re.search(r'title="[^"]* [AP]M UTC-03:00"', time)
                ), (path, time)
                assert re.search(r'datetime="[^"]+-03:00"', time), (path, time)
