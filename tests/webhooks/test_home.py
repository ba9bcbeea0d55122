"""A workspace's first page: what needs somebody, how the numbers are, and first steps."""

from datetime import timedelta

from django.utils import timezone

from tests.factories import integrations as make_room_1
from tests.factories import webhooks as make_raw
from tests.factories import whatsapp as make
from webhooks import pulse
from webhooks.models import RawWebhook
from whatsapp.selectors import first_steps


def test_home_shows_the_numbers_with_their_state(world, signed_in):
    make_room_1.channel(world.workspace, display_name="Vendas", state="connected")
    make_room_1.channel(world.workspace, display_name="Suporte", state="disconnected")

    page = signed_in(world.agent).get("/w/padaria/").content.decode()

    assert "Vendas" in page
    assert "Conectado" in page
    assert "Desconectado" in page


def test_home_of_an_empty_workspace_says_how_to_connect_a_number(world, signed_in):
    page = signed_in(world.owner).get("/w/padaria/")
    for_owner = page.content.decode()
    for_agent = signed_in(world.agent).get("/w/padaria/").content.decode()

    assert "/w/padaria/integrations/whatsapp/connect/" in for_owner
    assert "/whatsapp/connect/" not in for_agent
    assert page.context["is_blank"]
    assert "figures.csv" not in for_owner
    assert "Aqui vão ficar os seus números" in for_owner


def test_first_steps_tick_themselves_off_and_go(world):
    def done():
        steps = first_steps.list_steps(world.workspace)
        return [one.name for one in steps if one.is_done]

    assert done() == ["member"]

    channel = make_room_1.channel(world.workspace)
    link = make.link(channel)
    assert done() == ["number", "link", "member"]

    lead = make.lead(world.workspace)
    make.touch(lead, link=link)
    make.conversation(lead, channel)
    assert first_steps.list_steps(world.workspace) == ()


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


def test_home_leads_the_platforms_admins_to_requests_of_no_workspace(world, signed_in):
    make_raw.raw_webhook(None, state="unrouted")
    told = 'href="/platform/webhooks/"'

    assert told not in signed_in(world.owner).get("/w/padaria/").content.decode()
    world.owner.is_platform_admin = True
    world.owner.save()
    html = signed_in(world.owner).get("/w/padaria/").content.decode()
    assert html.count(told) == 2  # among what needs attention, and in the account menu
