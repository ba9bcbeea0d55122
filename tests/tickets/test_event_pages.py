"""Settings → Events: made, shown once, changed, tried, posted again, taken away."""

import csv
import json
import re
import subprocess
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import AuditEvent
from integrations import signing
from tests.factories import events as make
from tests.factories import tickets as make_tickets
from tickets.models import (
    EventDelivery,
    IncomingSource,
    SigningSecret,
    Subscription,
    Ticket,
)
from tickets.services import signing_secrets

PLACE = "/w/padaria/settings/events/"
FORM = {
    "name": "CRM",
    "url": "https://crm.example.com/recado",
    "kind_ticket_created": "on",
    "kind_ticket_closed": "on",
}


@pytest.fixture
def owner(world, signed_in):
    world.owner.language = "en"
    world.owner.save()
    return signed_in(world.owner)


@pytest.fixture
def source(world):
    return make.source(world.workspace)


@pytest.fixture
def subscription(world):
    return make.subscription(world.workspace)


def shown_secret(page):
    found = re.search(r"<code>(whsec_[A-Za-z0-9+/=]{44})</code>", page.content.decode())
    assert found is not None
    return found[1]


def opened(owner_row):
    secrets = signing_secrets.opened(owner_row, now=timezone.now())
    return [one.reveal() for one in secrets]


def actions(world):
    entries = AuditEvent.objects.for_workspace(world.workspace).order_by("pk")
    return list(entries.values_list("action", flat=True))


def test_only_admins_come_here(world, signed_in, source, subscription):
    agent = signed_in(world.agent)
    for path in (
        *("", "sources/new/", f"sources/{source.key}/", "subscriptions/new/"),
        f"subscriptions/{subscription.key}/",
    ):
        assert agent.get(PLACE + path).status_code == 403
    for path in ("state/", "test/", "again/", "delete/"):
        page = agent.post(f"{PLACE}subscriptions/{subscription.key}/{path}")
        assert page.status_code == 403


def test_an_empty_page_says_what_this_is_for(owner):
    page = owner.get(PLACE).content.decode()

    assert "No other system tells Recado yet" in page
    assert "Recado tells no other system yet" in page


# --- those that tell ----------------------------------------------------------------
def test_the_secret_of_a_source_is_shown_once(world, owner):
    made = owner.post(f"{PLACE}sources/new/", {"name": " Help desk "})

    secret = shown_secret(made)
    source = IncomingSource.objects.for_workspace(world.workspace).get()
    assert source.name == "Help desk"
    assert opened(source) == [secret]
    assert "no-store" in made.headers["Cache-Control"]
    page = owner.get(f"{PLACE}sources/{source.key}/").content.decode()
    assert secret not in page
    assert signing.hint(signing.Secret(secret)) in page
    (row,) = SigningSecret.objects.for_workspace(world.workspace)
    assert secret not in row.sealed
    assert actions(world) == ["event_source.added"]


def test_the_command_on_the_page_works_as_it_is(world, owner, client):
    """The shell's and openssl's part of it, and then the request it would send."""
    make_tickets.client(world.workspace, oauth_id="usr_1")
    made = owner.post(f"{PLACE}sources/new/", {"name": "Help desk"})
    command = made.context["command"]
    parts = command.partition("curl")
    script = f'{parts[0]}printf "%s\\n%s" "$SIGNATURE" "$BODY"'

    told = subprocess.run(
        ["/bin/sh", "-c", script], capture_output=True, text=True, check=True
    ).stdout
    signature, _, body = told.partition("\n")
    answer = client.post(
        f"/webhooks/ticket-events/{made.context['source'].key}/",
        body,
        content_type="application/json",
        headers={"X-Signature": f"sha256={signature.partition(' ')[0]}"},
    )

    assert answer.json() == {"success": True, "ticket_number": 1}
    ticket = Ticket.objects.for_workspace(world.workspace).get()
    assert ticket.client is not None
    assert made.context["address"] in command


def test_a_name_is_taken_once(world, owner, source):
    page = owner.post(f"{PLACE}sources/new/", {"name": source.name})

    assert page.status_code == 422
    assert "Another system has this name." in page.content.decode()
    assert IncomingSource.objects.for_workspace(world.workspace).count() == 1


def test_a_new_secret_takes_the_old_ones_place_in_time(world, owner, source):
    (old,) = opened(source)
    made = owner.post(f"{PLACE}sources/{source.key}/secret/", {"overlap": "86400"})
    new = shown_secret(made)

    assert opened(source) == [new, old]
    owner.post(f"{PLACE}sources/{source.key}/secret/", {"overlap": "3600"})
    assert len(opened(source)) == 2
    assert old not in opened(source)
    owner.post(f"{PLACE}sources/{source.key}/secret/", {"overlap": "0"})
    assert len(opened(source)) == 1
    later = timezone.now() + timedelta(days=2)
    assert len(signing_secrets.opened(source, now=later)) == 1
    assert actions(world) == ["event_source.rotated"] * 3


def test_a_source_goes_when_its_name_is_typed(world, owner, source):
    ticket = make_tickets.ticket(world.workspace)
    make.told(source, ticket=ticket)
    wrong = owner.post(f"{PLACE}sources/{source.key}/delete/", {"name": "help"})
    assert wrong.status_code == 422
    assert IncomingSource.objects.for_workspace(world.workspace).exists()

    owner.post(f"{PLACE}sources/{source.key}/delete/", {"name": "Help desk"})

    assert not IncomingSource.objects.for_workspace(world.workspace).exists()
    assert not SigningSecret.objects.for_workspace(world.workspace).exists()
    assert Ticket.objects.for_workspace(world.workspace).get() == ticket
    assert actions(world) == ["event_source.deleted"]


def test_the_log_of_a_source_says_what_became_of_each(world, owner, source):
    ticket = make_tickets.ticket(world.workspace, number=7)
    make.told(source, ticket=ticket)
    make.told(
        source,
        event_id=None,
        told_id="evt-2",
        verdict="refused",
        reason="unknown_client",
        field="data.client_id",
    )

    page = owner.get(f"{PLACE}sources/{source.key}/").content.decode()

    assert "#7" in page
    assert "There is no client with this oauth_id." in page
    assert "data.client_id" in page


def test_the_log_goes_on_where_its_page_ended(world, owner, source):
    for number in range(60):
        make.told(source, event_id=f"e{number:02}", told_id=f"e{number:02}")

    first = owner.get(f"{PLACE}sources/{source.key}/")
    older = first.context["page"].older
    second = owner.get(f"{PLACE}sources/{source.key}/?before={older}")

    told = [
        row["event"].told_id for page in (first, second) for row in page.context["rows"]
    ]
    assert told == [f"e{number:02}" for number in reversed(range(60))]


# --- those that hear ----------------------------------------------------------------
def test_a_subscription_is_made_and_its_secret_shown_once(world, owner):
    made = owner.post(f"{PLACE}subscriptions/new/", FORM)

    secret = shown_secret(made)
    one = Subscription.objects.for_workspace(world.workspace).get()
    assert (one.name, one.url) == ("CRM", FORM["url"])
    assert one.kinds == ["ticket.created", "ticket.closed"]
    assert (one.with_private, one.is_active) == (False, True)
    assert opened(one) == [secret]
    page = owner.get(f"{PLACE}subscriptions/{one.key}/").content.decode()
    assert secret not in page
    assert actions(world) == ["subscription.added"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"url": "http://crm.example.com/"}, "Only https"),
        ({"url": "https://127.0.0.1/"}, "inside a network"),
        ({"url": "https://169.254.169.254/latest"}, "inside a network"),
        ({"url": "https://[::ffff:10.0.0.1]/"}, "inside a network"),
        ({"url": "https://localhost/"}, "inside a network"),
        ({"url": "https://a:b@crm.example.com/"}, "name and password"),
        ({"url": "https://crm.example.com:8443/"}, "usual port"),
        ({"url": "crm"}, "whole address"),
        ({"url": "https://crm.example.com/" + "a" * 500}, "500"),
        ({"kind_ticket_created": "", "kind_ticket_closed": ""}, "at least one"),
        ({"name": ""}, "This field is required."),
    ],
)
def test_what_cannot_be_is_said_beside_its_field(world, owner, change, words):
    told = {name: value for name, value in (FORM | change).items() if value}

    page = owner.post(f"{PLACE}subscriptions/new/", told)

    assert page.status_code == 422
    assert words in page.content.decode()
    assert not Subscription.objects.for_workspace(world.workspace).exists()


def test_a_change_lets_what_waits_go_on(world, owner, subscription):
    Subscription.objects.for_workspace(world.workspace).update(
        misses=7, next_turn_at=timezone.now() + timedelta(hours=1)
    )

    owner.post(
        f"{PLACE}subscriptions/{subscription.key}/edit/", FORM | {"name": "CRM 2"}
    )

    subscription.refresh_from_db()
    assert (subscription.name, subscription.misses) == ("CRM 2", 0)
    assert subscription.next_turn_at <= timezone.now()
    assert actions(world) == ["subscription.changed"]


def test_off_stops_what_is_on_its_way_and_on_hears_of_what_comes(
    world, owner, subscription
):
    waiting = make.delivery(subscription)
    state = f"{PLACE}subscriptions/{subscription.key}/state/"

    owner.post(state, {"act": "off"})
    waiting.refresh_from_db()
    assert (waiting.state, waiting.reason) == ("failed", "stopped_person")
    tried = owner.post(f"{PLACE}subscriptions/{subscription.key}/test/", follow=True)
    assert "Switch it on first" in tried.content.decode()
    owner.post(state, {"act": "on"})

    subscription.refresh_from_db()
    assert subscription.is_active
    assert actions(world) == ["subscription.stopped", "subscription.started"]


def test_one_that_is_gone_stands_on_the_first_page_until_it_is_seen_to(
    world, owner, signed_in, subscription
):
    rows = Subscription.objects.for_workspace(world.workspace)
    rows.update(is_active=False, stop_reason="gone", stopped_at=timezone.now())
    home = "/w/padaria/"

    assert "410 Gone" in owner.get(home).content.decode()
    assert "410 Gone" not in signed_in(world.agent).get(home).content.decode()
    owner.post(f"{PLACE}subscriptions/{subscription.key}/state/", {"act": "off"})
    assert "410 Gone" not in owner.get(home).content.decode()
    subscription.refresh_from_db()
    assert (subscription.is_active, subscription.stop_reason) == (False, "person")


def test_a_test_event_leads_to_its_own_page_which_asks_again(
    world, owner, subscription
):
    there = owner.post(f"{PLACE}subscriptions/{subscription.key}/test/")
    delivery = EventDelivery.objects.for_workspace(world.workspace).get()

    assert there.headers["Location"] == f"{PLACE}deliveries/{delivery.key}/"
    page = owner.get(there.headers["Location"]).content.decode()
    assert "recado.test" in page
    assert 'hx-trigger="every 2s"' in page
    part = owner.get(there.headers["Location"], headers={"HX-Request": "true"})
    assert part.content.decode().lstrip().startswith("<section")
    EventDelivery.objects.for_workspace(world.workspace).update(state="delivered")
    assert (
        'hx-trigger="every' not in owner.get(there.headers["Location"]).content.decode()
    )
    assert actions(world) == ["subscription.tested"]


def test_the_log_is_narrowed_by_the_address(world, owner, subscription):
    ticket = make_tickets.ticket(world.workspace, number=3)
    make.delivery(subscription, number=1, state="delivered", ticket=ticket)
    make.delivery(subscription, number=2, state="failed", reason="http_500")
    make.delivery(subscription, number=3, kind="ticket.closed")
    here = f"{PLACE}subscriptions/{subscription.key}/"

    def listed(query):
        page = owner.get(here + query)
        return sorted(row["delivery"].event_id for row in page.context["rows"])

    assert listed("") == ["evt_1", "evt_2", "evt_3"]
    assert listed("?state=failed") == ["evt_2"]
    assert listed("?kind=ticket.closed") == ["evt_3"]
    assert listed("?since=2026-03-11") == []
    assert listed("?until=2026-03-10") == ["evt_1", "evt_2", "evt_3"]
    assert listed("?state=nonsense&before=x") == ["evt_1", "evt_2", "evt_3"]
    page = owner.get(here).content.decode()
    assert "Answered 500" in page
    assert "#3" in page


def test_the_log_can_be_taken_along(world, owner, subscription):
    ticket = make_tickets.ticket(world.workspace, number=3)
    make.delivery(subscription, number=1, state="delivered", ticket=ticket)
    make.delivery(subscription, number=2, state="failed", reason="http_500")
    here = f"{PLACE}subscriptions/{subscription.key}/export.csv"

    file = owner.get(f"{here}?state=failed")

    written = b"".join(file.streaming_content).decode().removeprefix("\ufeff")
    head, row = csv.reader(written.splitlines())
    assert head[1:3] == ["Event", "Id"]
    assert row[1:6] == ["ticket.created", "evt_2", "", "Given up", "Answered 500"]
    assert actions(world) == ["subscription.exported"]


def test_the_chosen_ones_and_all_since_a_day_go_out_again(world, owner, subscription):
    first = make.delivery(subscription, number=1, state="delivered")
    second = make.delivery(subscription, number=2, state="failed")
    again = f"{PLACE}subscriptions/{subscription.key}/again/"

    chosen = owner.post(again, {"delivery": [str(first.key), "x"]}, follow=True)
    assert "1 event is sent again." in chosen.content.decode()
    since = owner.post(again, {"failed_since": "2026-03-01"}, follow=True)
    assert "1 event is sent again." in since.content.decode()
    for one in (first, second):
        one.refresh_from_db()
        assert one.state == "due"
    nothing = owner.post(again, follow=True)
    assert "Choose at least one event first." in nothing.content.decode()
    wrong = owner.post(again, {"failed_since": "soon"})
    assert wrong.status_code == 422
    one = owner.post(again, {"delivery": str(first.key), "stay": "1"})
    assert one.headers["Location"] == f"{PLACE}subscriptions/{subscription.key}/"
    assert actions(world) == ["subscription.repeated"] * 2


def test_a_delivery_of_another_subscription_is_not_posted_again(
    world, owner, subscription
):
    other = make.subscription(world.other_workspace)
    theirs = make.delivery(other, state="failed")

    owner.post(
        f"{PLACE}subscriptions/{subscription.key}/again/", {"delivery": theirs.key}
    )

    theirs.refresh_from_db()
    assert theirs.state == "failed"


def test_a_subscription_goes_with_its_log_when_its_name_is_typed(
    world, owner, subscription
):
    make.attempt(make.delivery(subscription))
    address = f"{PLACE}subscriptions/{subscription.key}/delete/"

    assert owner.post(address, {"name": "crm"}).status_code == 422
    owner.post(address, {"name": "CRM"})

    assert not Subscription.objects.for_workspace(world.workspace).exists()
    assert not EventDelivery.objects.for_workspace(world.workspace).exists()
    assert actions(world) == ["subscription.deleted"]


def test_one_delivery_tells_its_attempts_and_its_body(world, owner, subscription):
    delivery = make.delivery(subscription, state="failed", reason="request_timeout")
    make.attempt(delivery, request="POST https://crm", response="500\nx: y")
    make.attempt(delivery, status=None, error="request_timeout")

    page = owner.get(f"{PLACE}deliveries/{delivery.key}/").content.decode()

    assert "Answered 500" in page
    assert "No answer in time" in page
    assert json.dumps("ticket.created").replace('"', "&quot;") in page
