"""Lists of templates, read from a provider on the loopback: pages, faults, what changes."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.scoping import workspace_transaction
from integrations.models import ChannelLog
from tests.factories import integrations as numbers
from tests.threads import Job, eventually
from tests.walls import as_app
from tests.whatsapp.template_account import Account, listed
from whatsapp.models import TemplateChange, TemplateSync
from whatsapp.services import template_sync

pytestmark = pytest.mark.django_db(transaction=True)


def test_every_page_and_every_state_is_read(account: Account) -> None:
    states = ("APPROVED", "PENDING", "REJECTED", "PAUSED", "DISABLED", "IN_APPEAL", "X")
    account.listed[:] = [
        listed(f"t_{word.lower()}", status=word, rejected_reason="NONE")
        for word in states
    ]
    account.listed[2]["rejected_reason"] = "INVALID_FORMAT"

    tally = account.sync()

    assert (tally.synced, tally.taken.found, tally.taken.new) == (1, 7, 7)
    found = {word: account.row(f"t_{word.lower()}").status for word in states}
    assert found == {
        "APPROVED": "approved",
        "PENDING": "pending",
        "REJECTED": "rejected",
        "PAUSED": "paused",
        "DISABLED": "disabled",
        "IN_APPEAL": "pending",
        "X": "unknown",
    }
    assert account.row("t_rejected").reason == "INVALID_FORMAT"
    assert account.row("t_in_appeal").provider_status == "IN_APPEAL"
    assert account.state.found == 7
    assert account.state.problem == ""


def test_contract_is_typed(account: Account) -> None:
    account.listed.append(
        listed(
            "oferta",
            components=[
                {"type": "HEADER", "format": "IMAGE"},
                {"type": "BODY", "text": "{{nome}}, chegou."},
                {
                    "type": "BUTTONS",
                    "buttons": [
                        {"type": "QUICK_REPLY", "text": "Sair"},
                        {"type": "URL", "text": "Ver", "url": "https://x.io/{{1}}"},
                        {"type": "COPY_CODE", "example": "MAIO"},
                    ],
                },
            ],
        )
    )

    account.sync()

    assert account.row("oferta").parameters == [
        {"part": "header", "kind": "media", "media": "image"},
        {"part": "body", "kind": "text", "name": "nome"},
        {"part": "button", "kind": "text", "name": "1", "index": 1, "button": "url"},
        {"part": "button", "kind": "code", "index": 2, "button": "copy_code"},
    ]


def test_second_page_that_fails_loses_and_marks_nothing(account: Account) -> None:
    account.listed[:] = [listed(f"t{n}") for n in range(5)]
    account.sync()
    account.listed[0]["status"] = "PAUSED"
    account.twin.broken_page = "2"

    tally = account.sync()

    assert tally.problems == {"unavailable": 1}
    assert account.row("t0").status == "approved"
    assert [account.row(f"t{n}").gone_at for n in range(5)] == [None] * 5
    assert account.state.problem == "unavailable"
    assert account.state.found == 5


@pytest.mark.parametrize("fault", ["html", "half", "401", "403", "429", "500"])
def test_faulty_list_is_no_list(account: Account, fault: str) -> None:
    account.listed.append(listed("t"))
    account.sync()
    account.twin.fault = fault

    tally = account.sync()

    assert tally.synced == 0
    assert account.row("t").gone_at is None
    assert account.state.problem
    assert account.state.lease_until is None


def test_answer_without_a_list_does_not_empty_ours(account: Account) -> None:
    account.listed.append(listed("t"))
    account.sync()
    account.twin.answer = lambda asked: (200, {"data": None})  # type: ignore[method-assign]

    tally = account.sync()

    assert tally.problems == {"unreadable": 1}
    assert account.row("t").gone_at is None


def test_what_vanished_is_marked_gone_and_comes_back(account: Account) -> None:
    account.listed[:] = [listed("fica"), listed("some")]
    account.sync()
    [gone] = [one for one in account.listed if one["name"] == "some"]
    account.listed.remove(gone)

    first = account.sync()
    again = account.sync()

    assert (first.taken.gone, again.taken.gone) == (1, 0)
    assert account.row("some").gone_at is not None
    assert not account.row("some").is_usable
    account.listed.append(gone)
    account.sync()
    assert account.row("some").gone_at is None
    assert account.changes("some") == [
        ("status", "APPROVED"),
        ("gone", ""),
        ("back", ""),
    ]


def test_history_keeps_what_changed_and_nothing_else(account: Account) -> None:
    account.listed.append(listed("t"))
    account.sync()
    account.sync()
    account.listed[0] |= {
        "status": "PAUSED",
        "category": "MARKETING",
        "quality_score": {"score": "RED"},
    }

    account.sync()

    assert account.changes("t") == [
        ("status", "APPROVED"),
        ("status", "PAUSED"),
        ("category", "marketing"),
        ("quality", "red"),
    ]


def test_example_is_no_part_of_the_contract(account: Account) -> None:
    account.listed.append(listed("t"))
    account.sync()
    account.listed[0]["components"][0]["example"] = {"body_text": [["Ana"]]}

    account.sync()

    assert account.row("t").parameters[0]["example"] == "Ana"
    assert account.changes("t") == [("status", "APPROVED")]


def test_two_syncs_at_once_are_one(account: Account) -> None:
    account.listed.append(listed("t"))
    account.twin.fault, account.twin.delay = "slow", 1.0

    other = Job(account.sync)
    eventually(lambda: account.twin.asked)

    tallies = [account.sync(), other.result()]

    assert sorted(tally.synced for tally in tallies) == [0, 1]
    lists = [step for step in account.twin.steps if "message_templates" in step]
    assert len(lists) == 1


def test_broken_integration_delays_no_other(account: Account) -> None:
    other = numbers.channel(account.workspace)
    key = numbers.META_CREDENTIALS | {"access_token": "EAAwrong"}
    other.integration = numbers.integration(account.workspace, credentials=key)
    other.save()
    account.listed.append(listed("t"))

    tally = account.sync()

    assert tally.synced == 1
    assert tally.problems == {"key": 1}
    assert account.row("t").status == "approved"
    failed = TemplateSync.objects.for_workspace(account.workspace).get(problem="key")
    assert failed.integration == other.integration
    assert failed.next_at > timezone.now() + timedelta(minutes=30)
    assert ChannelLog.objects.for_workspace(account.workspace).get().status_code == 401


def test_list_is_read_once_an_hour_and_at_once_when_somebody_asks(
    account: Account,
) -> None:
    with as_app():
        assert template_sync.run().synced == 1
        assert template_sync.run().synced == 0

    integration = account.channel.integration
    assert integration is not None
    with as_app(), workspace_transaction(account.workspace.pk):
        template_sync.ask_now(account.workspace.pk, [integration], now=timezone.now())
    assert account.state.asked_at is not None
    with as_app():
        assert template_sync.run().synced == 1
    assert account.state.asked_at is None


def test_providers_without_templates_are_not_asked(account: Account) -> None:
    numbers.integration(account.workspace, provider="waha", name="W")

    account.sync()

    assert TemplateSync.objects.for_workspace(account.workspace).count() == 1


def test_news_that_came_while_the_list_was_read_is_kept(account: Account) -> None:
    account.listed.append(listed("t", status="PENDING"))
    account.sync()
    row = account.row("t")
    row.status, row.provider_status = "approved", "APPROVED"
    row.status_at = timezone.now() + timedelta(seconds=5)
    row.save()

    account.sync()

    assert account.row("t").status == "approved"
    assert TemplateChange.objects.for_workspace(account.workspace).count() == 1
