"""A workspace's first page: what today brought, counted since its own midnight."""

import re
from datetime import timedelta
from html import unescape

from django.utils import timezone

from tests.factories import integrations as make_room_1
from tests.factories import webhooks as make_raw
from tests.factories import whatsapp as make
from webhooks import pulse
from webhooks.models import RawWebhook
from whatsapp.selectors import today


def test_today_counts_messages_and_leads_since_midnight(world):
    now = timezone.now()
    since = now - timedelta(hours=1)
    channel = make_room_1.channel(world.workspace)
    link = make.link(channel, slug="vitrine")
    for confidence in ("certain", "probable"):
        lead = make.lead(world.workspace, created_at=now)
        touch = make.touch(lead, link=link)
        make.attribution(lead, touch=touch, confidence=confidence)
    make.attribution(make.lead(world.workspace, created_at=now))
    make.lead(world.workspace, created_at=since - timedelta(minutes=1))
    make.lead(world.other_workspace, created_at=now)
    conversation = make.conversation(lead, channel, last_message_at=now)
    make.message(conversation, provider_at=now)
    make.message(conversation, provider_at=now, direction="outbound")
    make.message(conversation, provider_at=since - timedelta(minutes=1))

    found = today.summarize(world.workspace, since=since)

    assert (found.received, found.sent, found.new.leads) == (1, 1, 3)
    assert [(one.origin.name, one.count, one.share) for one in found.new.origins] == [
        ("vitrine", 2, 67),
        ("", 1, 33),
    ]
    assert found.new.other_origins == 0
    assert sum(one.count for one in found.hours) == 1
    assert max(one.height for one in found.hours) == 100


def test_the_response_time_runs_from_a_persons_turn_to_our_answer(world):
    since = timezone.now() - timedelta(hours=3)
    channel = make_room_1.channel(world.workspace)

    def say(conversation, *turns):
        for minute, direction, fields in turns:
            make.message(
                conversation,
                direction=direction,
                provider_at=since + timedelta(minutes=minute),
                **fields,
            )

    def conversation():
        lead = make.lead(world.workspace)
        return make.conversation(lead, channel, last_message_at=timezone.now())

    assert today.summarize(world.workspace, since=since).response is None
    say(
        conversation(),
        (0, "outbound", {}),
        (10, "inbound", {}),
        (12, "inbound", {}),
        (13, "outbound", {"kind": "reaction"}),
        (14, "outbound", {"origin": "history"}),
        (20, "outbound", {}),  # ten minutes after the turn began
        (21, "outbound", {}),
        (30, "inbound", {}),
        (50, "outbound", {"origin": "echo"}),  # twenty
        (60, "inbound", {}),  # nobody has answered
    )
    say(conversation(), (0, "inbound", {}), (3, "outbound", {}))

    found = today.summarize(world.workspace, since=since)

    assert found.response == timedelta(minutes=11)


def test_home_tells_the_response_time_in_the_teams_word(world, signed_in):
    now = timezone.now()
    conversation = make.conversation(
        make.lead(world.workspace),
        make_room_1.channel(world.workspace),
        last_message_at=now,
    )
    client = signed_in(world.agent)

    before = client.get("/w/padaria/").content.decode()
    make.message(conversation, provider_at=now)
    make.message(conversation, provider_at=now, direction="outbound")
    after = client.get("/w/padaria/").content.decode()

    assert "TMR" in before
    assert "Nenhuma resposta ainda hoje" in before
    assert "Nenhuma resposta ainda hoje" not in after


def test_many_origins_are_summed_up(world):
    channel = make_room_1.channel(world.workspace)
    for number in range(10):
        lead = make.lead(world.workspace)
        link = make.link(channel, slug=f"link-{number}")
        make.attribution(lead, touch=make.touch(lead, link=link))

    found = today.count_origins(world.workspace, since=make.NOON)

    assert len(found.origins) + found.other_origins == 10
    assert found.other_origins == 2


def test_home_shows_the_numbers_with_their_state(world, signed_in):
    make_room_1.channel(world.workspace, display_name="Vendas", state="connected")
    make_room_1.channel(world.workspace, display_name="Suporte", state="disconnected")

    page = signed_in(world.agent).get("/w/padaria/").content.decode()

    assert "Vendas" in page
    assert "Conectado" in page
    assert "Desconectado" in page


def test_home_of_an_empty_workspace_says_how_to_connect_a_number(world, signed_in):
    for_owner = signed_in(world.owner).get("/w/padaria/").content.decode()
    for_agent = signed_in(world.agent).get("/w/padaria/").content.decode()

    assert "/w/padaria/integrations/whatsapp/connect/" in for_owner
    assert "/whatsapp/connect/" not in for_agent


def test_first_steps_tick_themselves_off_and_go(world):
    def done():
        steps = today.first_steps(world.workspace)
        return [one.name for one in steps if one.is_done]

    assert done() == ["member"]

    channel = make_room_1.channel(world.workspace)
    link = make.link(channel)
    assert done() == ["number", "link", "member"]

    lead = make.lead(world.workspace)
    make.touch(lead, link=link)
    make.conversation(lead, channel)
    assert today.first_steps(world.workspace) == ()


def test_the_pulse_counts_what_waits_in_this_workspace_alone(world, signed_in):
    now = timezone.now()
    for minutes, (workspace, state) in enumerate(
        [
            (world.workspace, "received"),
            (world.workspace, "leased"),
            (world.workspace, "parked"),
            (world.workspace, "unrouted"),
            (world.workspace, "done"),
            (world.other_workspace, "parked"),
            (world.other_workspace, "received"),
        ]
    ):
        RawWebhook.objects.create(
            workspace=workspace,
            provider="meta_cloud",
            body=b"{}",
            digest=b"0" * 32,
            state=state,
            received_at=now - timedelta(minutes=minutes),
            next_at=now,
        )

    found = pulse.read(world.workspace)
    page = signed_in(world.agent).get("/w/padaria/")

    assert found == pulse.Pulse(now - timedelta(minutes=1), 1, 1)
    assert page.status_code == 200


def test_each_figure_of_home_opens_its_rows(world, signed_in):
    now = timezone.now()
    channel = make_room_1.channel(world.workspace)
    lead = make.lead(world.workspace, created_at=now)
    make.attribution(lead, touch=make.touch(lead, link=make.link(channel)))
    make.attribution(make.lead(world.workspace, created_at=now))
    for state in ("parked", "unrouted", "received"):
        make_raw.raw_webhook(world.workspace, state=state)
    client = signed_in(world.agent)

    html = client.get("/w/padaria/").content.decode()

    found = [unescape(one) for one in re.findall(r'<dd><a href="([^"]+)"', html)]
    found += [
        unescape(one)
        for one in re.findall(r'href="([^"]+\?(?:state|link|confidence)=[^"]+)"', html)
    ]
    wanted = [
        "period=today",
        "since=",
        "state=parked",
        "state=unrouted",
        "state=received",
        "link=instagram-bio",
        "confidence=none",
    ]
    assert [part for part in wanted if not any(part in one for one in found)] == []
    for address in found:
        assert client.get(address).status_code == 200


def test_home_leads_the_platforms_admins_to_requests_of_no_workspace(world, signed_in):
    make_raw.raw_webhook(None, state="unrouted")
    told = 'href="/platform/webhooks/"'

    assert told not in signed_in(world.owner).get("/w/padaria/").content.decode()
    world.owner.is_platform_admin = True
    world.owner.save()
    html = signed_in(world.owner).get("/w/padaria/").content.decode()
    assert html.count(told) == 2  # among what needs attention, and in the account menu
