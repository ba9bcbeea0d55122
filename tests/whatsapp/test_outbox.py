"""From a promise to the provider's ledger, and every way in between that a send can end."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.scoping import workspace_transaction
from integrations.models import ChannelState
from integrations.providers import registry
from integrations.providers.base.errors import Refused
from integrations.providers.base.outgoing import (
    Component,
    Parameter,
    Part,
    SendResult,
    Template,
)
from integrations.providers.base.types import DeliveryStatus, NumberRef, StatusEvent
from tests.factories import whatsapp as rows
from tests.walls import as_app
from tests.whatsapp.counter import Counter, plan_of
from whatsapp.models import (
    Message,
    OptOutScope,
    OutboxEntry,
)
from whatsapp.models import Template as TemplateRow
from whatsapp.services import (
    opt_outs,
    outbox,
    outbox_claims,
    outbox_results,
    outbox_submits,
    statuses,
    unconfirmed,
)

pytestmark = pytest.mark.django_db(transaction=True)


def news(counter: Counter, entry: OutboxEntry, status: str, **fields: Any) -> None:
    """A status webhook, as the corridor applies it."""
    values = {
        "external_id": "wamid.told",
        "callback_token": entry.callback_token,
    } | fields
    event = StatusEvent(number=NumberRef(), status=DeliveryStatus(status), **values)
    told = statuses.News(event, counter.channel.pk, timezone.now(), 1)
    with as_app(), workspace_transaction(counter.workspace.pk):
        statuses.apply(counter.workspace.pk, [told])


def test_a_promise_is_sent_once_and_shown_as_accepted(counter: Counter) -> None:
    entry = counter.enqueue("Bom dia")
    assert counter.state(entry) == ("due", "", "queued")

    tally = counter.drain()

    assert tally.endings == {"accepted": 1}
    assert counter.state(entry) == ("accepted", "", "accepted")
    [(text, token, _)] = counter.provider.taken
    assert (text, token) == ("Bom dia", entry.callback_token)
    assert (counter.message(entry).external_id or "").startswith("wamid.")
    assert counter.drain().sent == 0


def test_the_same_business_key_is_the_same_message(counter: Counter) -> None:
    thread = counter.conversation()
    first = counter.enqueue("Oi", business_key="ticket:1", conversation_id=thread.pk)
    again = counter.enqueue("Outra", business_key="ticket:1", conversation_id=thread.pk)

    counter.drain()

    assert first.pk == again.pk
    assert [text for text, _, _ in counter.provider.taken] == ["Oi"]
    thread.refresh_from_db()
    assert (thread.message_count, thread.preview, thread.last_direction) == (
        2,
        "Oi",
        "outbound",
    )


def test_many_are_promised_in_order(counter: Counter) -> None:
    drafts = [
        counter.draft(f"n{number}", to=f"55119{number:08d}") for number in range(2500)
    ]
    with as_app():
        promises = outbox.enqueue_many(
            counter.workspace.pk, [*drafts, drafts[0]], now=timezone.now()
        )

    ids = [promise.message_id for promise in promises[:-1]]
    assert ids == sorted(ids)
    assert promises[-1].message_id == ids[0]
    assert OutboxEntry.objects.for_workspace(counter.workspace).count() == 2500


@pytest.mark.parametrize(
    ("fault", "state", "reason", "shown"),
    [
        ("429", "due", "130429", "queued"),
        ("429_after", "due", "130429", "queued"),
        ("503_says_no", "due", "131016", "queued"),
        ("4xx", "failed", "131026", "failed"),
        ("key", "failed", "190", "failed"),
        ("500", "uncertain", "http_500", "unconfirmed"),
        ("500_taken", "uncertain", "http_500", "unconfirmed"),
        ("redirect", "uncertain", "http_302", "unconfirmed"),
        ("html", "uncertain", "unreadable_answer", "unconfirmed"),
        ("empty", "uncertain", "no_message_id", "unconfirmed"),
        ("half", "uncertain", "answer_truncated", "unconfirmed"),
        ("reset_before", "uncertain", "request_failed", "unconfirmed"),
        ("reset_after", "uncertain", "request_failed", "unconfirmed"),
        ("slow", "accepted", "", "accepted"),
    ],
)
def test_every_answer_has_one_meaning(
    counter: Counter, fault: str, state: str, reason: str, shown: str
) -> None:
    counter.provider.plan = plan_of(Oi=fault)
    entry = counter.enqueue("Oi")

    counter.drain()

    assert counter.state(entry) == (state, reason, shown)


def test_what_was_definitely_not_sent_is_sent_later(counter: Counter) -> None:
    counter.provider.plan = plan_of(Oi="429_after")
    entry = counter.enqueue("Oi")

    counter.drain()
    assert entry.attempts == 0
    entry.refresh_from_db()
    assert entry.attempts == 1
    assert entry.next_at > timezone.now()
    counter.make_due()
    counter.drain()

    assert counter.state(entry)[0] == "accepted"
    assert counter.provider.times_taken("Oi") == 1


def test_nobody_listening_is_a_definite_no(counter: Counter, settings: Any) -> None:
    known = registry.get("meta_cloud").settings
    known["api_base"] = "http://127.0.0.1:9"  # type: ignore[index]  # a dict in fact
    settings.EGRESS_ALLOWED_HOSTS = ["127.0.0.1:9"]
    entry = counter.enqueue("Oi")

    counter.drain()

    assert counter.state(entry) == ("due", "connect_failed", "queued")


def test_a_message_is_given_up_after_so_many_attempts(counter: Counter) -> None:
    counter.provider.plan = lambda text, attempt: "429"
    entry = counter.enqueue("Oi")

    for _ in range(outbox_results.MOST_ATTEMPTS):
        counter.make_due()
        counter.drain()

    assert counter.state(entry) == ("failed", "gave_up:130429", "failed")
    assert counter.provider.attempts["Oi"] == outbox_results.MOST_ATTEMPTS


def test_an_unconfirmed_message_is_never_due_by_itself(counter: Counter) -> None:
    counter.provider.plan = plan_of(Oi="reset_after")
    entry = counter.enqueue("Oi")
    counter.drain()

    counter.make_due()
    counter.drain()
    with as_app():
        outbox_claims.end_leases()
        unconfirmed.look_up(now=timezone.now())
    counter.drain()

    assert counter.state(entry)[0] == "uncertain"
    assert counter.provider.times_taken("Oi") == 1


@pytest.mark.parametrize("told", ["sent", "delivered", "read", "failed"])
def test_a_status_settles_what_was_unconfirmed(counter: Counter, told: str) -> None:
    counter.provider.plan = plan_of(Oi="reset_after")
    entry = counter.enqueue("Oi")
    counter.drain()

    news(counter, entry, told)

    assert counter.state(entry) == ("accepted", "", told)
    assert entry.resolution == "status"
    assert counter.message(entry).external_id == "wamid.told"


def test_a_status_before_the_answer_is_not_undone_by_it(counter: Counter) -> None:
    entry = counter.enqueue("Oi")
    [claimed] = counter.claim()
    submitted = submit(counter, claimed)
    news(counter, entry, "delivered", external_id="wamid.1")

    record(counter, claimed, "wamid.1")

    assert len(submitted.going) == 1
    assert counter.state(entry) == ("accepted", "", "delivered")
    assert counter.message(entry).external_id == "wamid.1"


def test_a_status_about_a_message_that_waits_keeps_it_from_going_again(
    counter: Counter,
) -> None:
    """The provider said no to the attempt and had taken it all the same."""
    counter.provider.plan = plan_of(Oi="429")
    entry = counter.enqueue("Oi")
    counter.drain()

    news(counter, entry, "sent")
    counter.make_due()
    counter.drain()

    assert counter.state(entry) == ("accepted", "", "sent")
    assert counter.provider.attempts["Oi"] == 1


def test_an_echo_before_the_answer_is_the_same_message(counter: Counter) -> None:
    thread = counter.conversation()
    entry = counter.enqueue("Oi", conversation_id=thread.pk)
    [claimed] = counter.claim()
    submit(counter, claimed)
    echo = rows.message(
        thread, external_id="wamid.1", direction="outbound", origin="echo"
    )

    record(counter, claimed, "wamid.1")

    assert not Message.objects.for_workspace(counter.workspace).filter(pk=echo.pk)
    assert counter.message(entry).external_id == "wamid.1"
    assert counter.state(entry)[0] == "accepted"


def submit(
    counter: Counter, *claimed: outbox_claims.Claimed
) -> outbox_submits.Submission:
    with as_app():
        return outbox_submits.submit(counter.workspace.pk, claimed, now=timezone.now())


def record(
    counter: Counter, claimed: outbox_claims.Claimed, answer: str | Exception
) -> None:
    result = SendResult(external_id=answer) if isinstance(answer, str) else answer
    attempt = outbox_results.Attempt(
        claimed.id, claimed.lease_token, outbox_results.outcome_of(result)
    )
    with as_app():
        outbox_results.record(counter.workspace.pk, [attempt])


def test_a_worker_killed_before_it_submitted_loses_nothing(counter: Counter) -> None:
    entry = counter.enqueue("Oi")
    assert len(counter.claim()) == 1
    assert counter.drain().sent == 0

    counter.make_due()
    counter.drain()

    assert counter.state(entry)[0] == "accepted"
    assert counter.provider.times_taken("Oi") == 1


def test_a_worker_killed_after_it_submitted_leaves_it_unconfirmed(
    counter: Counter,
) -> None:
    entry = counter.enqueue("Oi")
    [claimed] = counter.claim()
    submit(counter, claimed)

    counter.make_due()
    tally = counter.drain()

    assert (tally.unconfirmed, tally.sent) == (1, 0)
    assert counter.state(entry) == ("uncertain", "worker_gone", "unconfirmed")
    assert counter.provider.taken == []


def test_a_late_yes_of_a_dead_workers_attempt_counts(counter: Counter) -> None:
    entry = counter.enqueue("Oi")
    [claimed] = counter.claim()
    submit(counter, claimed)
    counter.make_due()
    counter.drain()

    record(counter, claimed, "wamid.late")

    assert counter.state(entry) == ("accepted", "", "accepted")
    assert entry.resolution == "late_answer"


def test_a_late_no_changes_nothing(counter: Counter) -> None:
    entry = counter.enqueue("Oi")
    [claimed] = counter.claim()
    submit(counter, claimed)
    news(counter, entry, "read")

    record(counter, claimed, Refused("131026"))

    assert counter.state(entry) == ("accepted", "", "read")


# --- checks at the last moment --------------------------------------------------
def test_a_window_that_closed_meanwhile_fails_it(counter: Counter) -> None:
    thread = counter.conversation()
    entry = counter.enqueue("Oi", conversation_id=thread.pk)
    thread.last_inbound_at = timezone.now() - timedelta(hours=24, seconds=1)
    thread.save()

    counter.drain()

    assert counter.state(entry) == ("failed", "window_closed", "failed")
    assert counter.message(entry).error_code == "window_closed"
    assert counter.provider.attempts == {}


def template(counter: Counter, *words: str) -> Template:
    parameters = tuple(Parameter(text=word) for word in words)
    components = (Component(Part.BODY, parameters),) if parameters else ()
    return Template("pedido", "pt_BR", components)


def known_template(counter: Counter, **fields: Any) -> TemplateRow:
    values = {"status": "approved", "parameters": [{"part": "body", "kind": "text"}]}
    assert counter.channel.integration is not None
    row: TemplateRow = TemplateRow.objects.create(
        workspace=counter.workspace,
        integration=counter.channel.integration,
        name="pedido",
        language="pt_BR",
        synced_at=timezone.now(),
        **(values | fields),
    )
    return row


def test_a_template_needs_no_window(counter: Counter) -> None:
    known_template(counter)
    entry = counter.enqueue(
        content=template(counter, "Ana"), text="Oi Ana", conversation_id=None
    )

    counter.drain()

    assert counter.state(entry)[0] == "accepted"
    assert counter.message(entry).text == "Oi Ana"


@pytest.mark.parametrize(
    ("row", "words", "reason"),
    [
        (None, ("Ana",), "template_unknown"),
        ({"status": "paused"}, ("Ana",), "template_not_approved"),
        ({}, (), "template_incomplete"),
        ({}, ("Ana", "Bia"), "template_incomplete"),
        ({}, (" ",), "template_incomplete"),
    ],
)
def test_a_template_that_is_not_right_any_more_fails_it(
    counter: Counter, row: dict[str, Any] | None, words: tuple[str, ...], reason: str
) -> None:
    if row is not None:
        known_template(counter, **row)
    entry = counter.enqueue(content=template(counter, *words), conversation_id=None)

    counter.drain()

    assert counter.state(entry) == ("failed", reason, "failed")


def test_who_asked_for_silence_still_gets_answers(counter: Counter) -> None:
    known_template(counter, parameters=[], category="utility")
    answer = counter.enqueue("Oi")
    with as_app():
        opt_outs.note(
            counter.workspace.pk,
            peer_key=answer.peer_key,
            scope=OptOutScope.ALL,
            source="stop word",
            now=timezone.now(),
        )
    unasked = counter.enqueue(content=template(counter), conversation_id=None)

    counter.drain()

    assert counter.state(answer)[0] == "accepted"
    assert counter.state(unasked) == ("failed", "opted_out", "failed")


def test_the_last_word_about_silence_counts(counter: Counter) -> None:
    peer = counter.enqueue("Oi").peer_key

    def note(is_out: bool) -> bool:
        with as_app():
            row = opt_outs.note(
                counter.workspace.pk,
                peer_key=peer,
                scope=OptOutScope.ALL,
                source="stop word",
                is_out=is_out,
                now=timezone.now(),
            )
        return row is not None

    def scopes() -> frozenset[str]:
        with as_app():
            return opt_outs.scopes_for(
                counter.workspace.pk, peer_key=peer, channel_id=counter.channel.pk
            )

    assert (note(True), note(True), set(scopes())) == (True, False, {"all"})
    assert (note(False), set(scopes())) == (True, set())


def test_a_number_that_is_down_or_gone_sends_nothing(counter: Counter) -> None:
    counter.channel.state = ChannelState.DISCONNECTED
    counter.channel.save()
    entry = counter.enqueue("Oi")
    counter.drain()
    assert counter.state(entry) == ("failed", "number_disconnected", "failed")

    counter.channel.integration = None
    counter.channel.save()
    entry = counter.enqueue("Outra")
    counter.drain()
    assert counter.state(entry) == ("failed", "number_gone", "failed")
