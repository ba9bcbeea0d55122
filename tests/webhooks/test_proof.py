"""The last step of connecting: a message proves it, and what is missing is named."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from integrations.models import Session
from integrations.services.webhook_urls import Subscription
from tests.factories import integrations as make
from tests.factories import webhooks as make_webhooks
from tests.factories import whatsapp as make_talk
from webhooks import proof, refusals

ELSEWHERE = Subscription(url="", is_ours=False, is_elsewhere=True)
NOWHERE = Subscription(url="", is_ours=False, is_elsewhere=False)
PARTLY = Subscription(url="", is_ours=True, is_elsewhere=False, missing=("messages",))
OURS = Subscription(url="", is_ours=True, is_elsewhere=False)


@pytest.fixture
def number(world):
    """Connected an hour ago."""
    channel = make.meta_number(world.workspace, state="connected")
    Session.objects.create(
        workspace=world.workspace,
        channel=channel,
        kind="credentials",
        state="connected",
        connected_at=timezone.now() - timedelta(hours=1),
    )
    return channel


def received(number, *, seconds_ago: int = 0, **fields: Any):
    if seconds_ago:
        fields["received_at"] = timezone.now() - timedelta(seconds=seconds_ago)
    return make_webhooks.raw_webhook(
        number.workspace, integration=number.integration, **fields
    )


def broken(number, *, told: Subscription | None = OURS, is_over: bool = True) -> str:
    now = timezone.now()
    facts = proof.read(number, since=now - timedelta(minutes=5))
    links = proof.chain(facts, subscription=told, is_over=is_over, now=now)
    assert [one.name for one in links] == list(proof.NAMES)
    why = [one.why for one in links if one.state == "broken"]
    assert len(why) <= 1
    return why[0] if why else ""


# --- which link it is -------------------------------------------------------------
@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"ended_at": timezone.now(), "state": "failed"}, "session_ended"),
        ({"state": "awaiting_user", "connected_at": None}, "session_pending"),
        ({"state": "disconnected"}, "session_lost"),
        ({"state": "degraded"}, "nothing_arrived"),
    ],
)
def test_a_session_that_does_not_stand_comes_first(number, fields, why):
    Session.objects.unscoped("test").update(**fields)

    assert broken(number) == why


@pytest.mark.parametrize(
    ("told", "why"),
    [
        (ELSEWHERE, "webhook_elsewhere"),
        (NOWHERE, "webhook_unset"),
        (PARTLY, "webhook_incomplete"),
        (OURS, "nothing_arrived"),
        (None, "nothing_arrived"),
    ],
)
def test_the_providers_own_word_on_its_webhook_comes_next(number, told, why):
    assert broken(number, told=told) == why


@pytest.mark.parametrize("word", [refusals.MISSING, refusals.WRONG])
def test_requests_that_were_refused_are_told(number, word):
    refusals.write(number.workspace_id, number.integration_id, word)

    assert broken(number) == word
    assert broken(number, told=None, is_over=False) == word


def test_a_refusal_counts_until_a_request_is_taken_again(number):
    received(
        number,
        state="done",
        outcome={"account_events": 1},
        received_at=timezone.now() - timedelta(minutes=1),
    )
    refusals.write(number.workspace_id, number.integration_id, refusals.WRONG)
    assert broken(number) == refusals.WRONG

    received(
        number,
        state="done",
        outcome={"statuses": 1},
        received_at=timezone.now() + timedelta(seconds=1),
    )
    assert broken(number) == "only_statuses"


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"state": "parked", "error": "no JSON"}, "parked"),
        ({"state": "unrouted", "error": "no number"}, "unrouted"),
        ({"state": "done", "outcome": {"statuses": 3}}, "only_statuses"),
        ({"state": "done", "outcome": {"messages": 1}}, "only_echoes"),
        ({"state": "done", "outcome": {"account_events": 1}}, "only_news"),
        ({"state": "ignored", "outcome": {"ignored": 1}}, "only_news"),
        ({"seconds_ago": 40}, "not_worked"),
        ({}, ""),  # it came just now: a worker is on its way
    ],
)
def test_what_became_of_the_requests_is_told(number, fields, why):
    received(number, **fields)

    assert broken(number) == why


def test_while_the_time_runs_only_what_will_not_come_right_is_said(number):
    assert broken(number, told=None, is_over=False) == ""
    received(number, state="done", outcome={"statuses": 1})
    assert broken(number, told=None, is_over=False) == ""
    received(number, state="parked", error="no JSON")
    assert broken(number, told=None, is_over=False) == "parked"


def test_what_is_another_numbers_or_of_before_does_not_count(number, world):
    other = make.meta_number(
        world.other_workspace, phone="+5511900007777", external_id="9"
    )
    received(other, state="parked", error="no JSON")
    received(
        number,
        state="parked",
        error="no JSON",
        received_at=timezone.now() - timedelta(minutes=10),
    )
    refusals.write(other.workspace_id, other.integration_id or 0, refusals.WRONG)

    assert broken(number) == "nothing_arrived"


# --- the page ------------------------------------------------------------------------
def page_of(number, **query: Any) -> str:
    told = "&".join(f"{name}={value}" for name, value in query.items())
    return f"/w/padaria/integrations/whatsapp/{number.key}/proof/?{told}"


def ago(**span: float) -> int:
    return int((timezone.now() - timedelta(**span)).timestamp())


def face_in(answer: Any) -> str:
    [face] = re.findall(r'data-face="(\w+)"', answer.content.decode())
    return str(face)


def test_a_message_proves_it_and_leads_to_its_conversation(number, world, signed_in):
    client = signed_in(world.owner)
    waiting = client.get(page_of(number))
    assert face_in(waiting) == "waiting"
    assert 'hx-trigger="every 3s"' in waiting.content.decode()
    now = timezone.now()
    talk = make_talk.conversation(make_talk.lead(world.workspace, name="Ada"), number)
    make_talk.message(
        talk, text="Chegou <b>?", provider_at=now, received_at=now, stored_at=now
    )

    answer = client.get(
        page_of(number, since=ago(seconds=9)), headers={"HX-Request": "true"}
    )

    page = answer.content.decode()
    assert face_in(answer) == "proven"
    assert "Chegou &lt;b&gt;?" in page
    assert f"/conversations/{talk.key}/" in page
    assert 'hx-trigger="every' not in page


def test_a_poll_that_brings_nothing_new_leaves_the_page_alone(number, world, signed_in):
    client = signed_in(world.owner)
    since = ago(seconds=9)
    page = client.get(page_of(number, since=since)).content.decode()
    [stamp] = re.findall(r"seen=([^\"]+)\"", page)

    answer = client.get(
        page_of(number, since=since, seen=stamp), headers={"HX-Request": "true"}
    )

    assert answer.status_code == 204


def test_when_the_time_is_up_the_missing_link_is_named_and_polling_ends(
    number, world, signed_in
):
    received(number, state="done", outcome={"statuses": 1})

    answer = signed_in(world.owner).get(page_of(number, since=ago(minutes=4)))

    page = answer.content.decode()
    assert face_in(answer) == "broken"
    assert "nenhuma mensagem" in page
    assert 'hx-trigger="every' not in page


@pytest.mark.parametrize("since", ["x", "-1", "9" * 11, "9" * 40, "0", "%00"])
def test_a_beginning_that_makes_no_sense_is_now(number, world, signed_in, since):
    answer = signed_in(world.owner).get(page_of(number, since=since))

    assert face_in(answer) == "waiting"


def test_only_who_may_connect_sees_it(number, world, signed_in):
    assert signed_in(world.agent).get(page_of(number)).status_code == 403
    assert signed_in(world.outsider).get(page_of(number)).status_code == 404
