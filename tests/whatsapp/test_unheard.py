"""Chats in which something happened and nothing of the person reached us."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import AuditEvent
from accounts.scoping import workspace_transaction
from integrations.providers.base.types import Party
from integrations.providers.sandbox import phone
from tests.factories import accounts as make_people
from tests.factories import integrations as make_numbers
from tests.factories import webhooks as make_webhooks
from tests.factories import whatsapp as make
from tests.walls import as_app
from webhooks import processing
from whatsapp.models import UnheardChat
from whatsapp.selectors import unheard

ADA = "5511988880001"
HOME, LIST = "/w/padaria/", "/w/padaria/conversations/unheard/"
SETTLE = f"{LIST}settle/"


@pytest.fixture
def channel(world):
    return make_numbers.sandbox_number(world.workspace, display_name="Balcão")


@pytest.fixture
def ago():
    return timezone.now() - timedelta(minutes=10)


def listed(workspace, **options):
    with as_app(), workspace_transaction(workspace.pk):
        return unheard.list_chats(workspace, now=timezone.now(), **options)


def receive(channel, *events):
    body, headers = phone.webhook(
        channel.external_id, events, webhook_secret="word-of-the-tests"
    )
    make_webhooks.raw_webhook(
        channel.workspace,
        body=body,
        headers=headers,
        provider="sandbox",
        integration=channel.integration,
    )
    with as_app():
        processing.drain(budget_seconds=30)


def test_an_echo_and_a_receipt_of_one_person_are_one_chat(world, channel, ago):
    make.echo(channel, ADA, at=ago)
    make.receipt(channel, ADA, at=ago + timedelta(minutes=1))

    found = listed(world.workspace)

    [chat] = found.chats
    assert (chat.echoes, chat.receipts, found.total) == (1, 1, 1)
    assert (chat.first_at, chat.channel_name) == (ago, "Balcão")
    assert chat.person.phone == ADA


def test_the_persons_message_ends_it_by_itself(world, channel, ago):
    make.echo(channel, ADA, at=ago)
    make.receipt(channel, ADA, at=ago)
    assert listed(world.workspace).total == 1

    receive(
        channel,
        phone.message(
            "m-1", sender=Party(wa_id=ADA), at=timezone.now(), text="Oi, tudo bem?"
        ),
    )

    assert listed(world.workspace).total == 0


def test_somebody_who_wrote_before_is_no_sign(world, channel, ago):
    ada = make.lead(world.workspace)
    make.identity(ada, value=ADA)
    make.conversation(ada, channel, last_inbound_at=ago, last_message_at=ago)
    make.receipt(channel, ADA, at=ago)

    assert listed(world.workspace).total == 0


def test_a_lead_of_another_number_counts_on_this_one(world, channel, ago):
    ada = make.lead(world.workspace, name="Ada")
    make.identity(ada, value=ADA)
    elsewhere = make_numbers.sandbox_number(world.workspace)
    make.conversation(ada, elsewhere, last_inbound_at=ago, last_message_at=ago)
    here = make.conversation(ada, channel, last_inbound_at=None, last_message_at=ago)
    make.echo(channel, ADA, at=ago, conversation=here)

    [chat] = listed(world.workspace).chats

    assert (chat.lead_key, chat.person.name, chat.echoes) == (ada.key, "Ada", 1)


def test_what_history_knows_of_the_person_is_no_sign(world, channel, ago):
    make.echo(channel, ADA, at=ago)
    make.echo(
        channel,
        ADA,
        at=ago - timedelta(days=90),
        direction="inbound",
        origin="history",
    )

    assert listed(world.workspace).total == 0


def test_groups_the_last_moments_and_long_ago_are_left_out(world, channel, ago):
    make.echo(channel, "1", at=ago, peer_key="g:120363000")
    make.echo(channel, "5511988880002", at=timezone.now() - timedelta(seconds=30))
    make.receipt(channel, "5511988880003", at=timezone.now() - timedelta(days=15))

    assert listed(world.workspace).total == 0


def test_the_list_is_cut_and_says_how_many_there_are(world, channel, ago):
    for number in range(7):
        make.echo(channel, f"551198888001{number}", at=ago)

    found = listed(world.workspace, most=5)

    assert (len(found.chats), found.total) == (5, 7)


# --- pages --------------------------------------------------------------------------
def settle(client, channel, verdict="handled", peer=f"p:{ADA}", path=SETTLE):
    body = {"channel": str(channel.key), "peer": peer, "verdict": verdict}
    return client.post(path, body, headers={"Referer": f"http://testserver{HOME}"})


def test_the_home_page_asks_and_an_answer_ends_it(world, signed_in, channel, ago):
    make.echo(channel, ADA, at=ago)
    client = signed_in(world.agent)
    page = client.get(HOME).content.decode()
    assert "Alguém pode ter escrito e nós não vimos" in page
    assert "+55 11 98888-0001" in page

    first = settle(client, channel, "ours")
    second = settle(client, channel, "ours")

    assert (first.status_code, first.headers["Location"]) == (302, HOME)
    assert second.status_code == 302
    assert "98888-0001" not in client.get(LIST).content.decode()
    assert UnheardChat.objects.unscoped("test").get().verdict == "ours"
    event = AuditEvent.objects.unscoped("test").get()
    assert event.action == "unheard.settled"
    assert ADA not in str(event.details) + event.target


def test_settled_it_stays_so_whatever_happens_later(world, signed_in, channel, ago):
    make.echo(channel, ADA, at=ago)
    settle(signed_in(world.agent), channel)

    make.echo(channel, ADA, at=ago + timedelta(minutes=1))

    assert listed(world.workspace).total == 0


def test_who_may_only_read_sees_it_and_settles_nothing(world, signed_in, channel, ago):
    make.echo(channel, ADA, at=ago)
    viewer = make_people.user(email="viewer@example.com")
    make_people.membership(world.workspace, viewer, role="viewer")
    client = signed_in(viewer)

    page = client.get(LIST).content.decode()

    assert "98888-0001" in page
    assert "settle/" not in page
    assert settle(client, channel).status_code == 403
    assert listed(world.workspace).total == 1


@pytest.mark.parametrize(
    "wrong",
    [{"verdict": "deleted"}, {"peer": "p:5511900000000"}, {"peer": "x" * 9000}],
)
def test_what_is_not_listed_is_not_settled(world, signed_in, channel, ago, wrong):
    make.echo(channel, ADA, at=ago)

    assert settle(signed_in(world.agent), channel, **wrong).status_code == 302
    assert listed(world.workspace).total == 1
    assert not UnheardChat.objects.unscoped("test").exists()


def test_a_foreign_number_settles_nothing(world, signed_in, channel, ago):
    make.echo(channel, ADA, at=ago)

    answer = settle(
        signed_in(world.outsider),
        channel,
        path="/w/oficina/conversations/unheard/settle/",
    )

    assert answer.status_code == 302
    assert listed(world.workspace).total == 1
    assert listed(world.other_workspace).total == 0
