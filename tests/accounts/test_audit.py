import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.db.models import ProtectedError

from accounts import audit, vault
from accounts.models import AuditChain, AuditEvent
from accounts.services import onboarding

NOW = datetime(2026, 3, 1, 12, 30, 15, 123456, tzinfo=UTC)


@pytest.fixture
def chain(world):
    """Six entries of one workspace; a chain of another beside it."""
    audit.record(workspace=world.other_workspace, action="workspace.added")
    for number in range(1, 7):
        audit.record(
            workspace=world.workspace,
            action="integration.changed" if number > 1 else "workspace.added",
            actor=world.owner,
            target=f"integration:{number}",
            details={"fields": ["name"], "count": number},
            ip="203.0.113.9",
            now=NOW + timedelta(minutes=number),
        )
    return world.workspace


def events(workspace):
    return AuditEvent.objects.for_workspace(workspace).order_by("sequence")


def at(workspace, sequence):
    return events(workspace).filter(sequence=sequence)


def broken_at(workspace):
    report = audit.verify(workspace)
    assert report.is_intact == (report.broken_at is None)
    return report.broken_at


def test_an_entry_keeps_what_it_was_given(world):
    event = audit.record(
        workspace=world.workspace,
        action="channel.paused",
        actor=world.owner,
        target="channel:5",
        details={"before": "connected", "nested": {"list": [1, None, True]}},
        ip="2001:DB8::1",
        now=NOW,
    )
    event.refresh_from_db()

    assert event.sequence == 1
    assert event.at == NOW
    assert event.actor == world.owner
    assert event.actor_label == "owner@example.com"
    assert event.details == {"before": "connected", "nested": {"list": [1, None, True]}}
    assert event.ip == "2001:db8::1"


def test_an_untouched_chain_is_intact(chain):
    report = audit.verify(chain)

    assert report.is_intact
    assert report.entries == 6
    assert report.head == f"6:{bytes(events(chain).last().hash).hex()}"


def test_a_log_that_was_deleted_whole_is_found(chain):
    events(chain)._raw_delete("default")
    AuditChain.objects.for_workspace(chain)._raw_delete("default")

    assert broken_at(chain) == 1


def test_a_log_that_was_begun_anew_after_its_deletion_is_found(chain):
    events(chain)._raw_delete("default")
    AuditChain.objects.for_workspace(chain)._raw_delete("default")
    audit.record(workspace=chain, action="audit.verified")

    assert broken_at(chain) == 1


def test_a_new_workspace_has_an_intact_log(db):
    workspace = onboarding.add_workspace(slug="nova", name="Nova", now=NOW)

    report = audit.verify(workspace)

    assert (report.is_intact, report.entries) == (True, 1)


def test_numbers_run_from_one_without_a_gap(chain):
    assert list(events(chain).values_list("sequence", flat=True)) == list(range(1, 7))


@pytest.mark.parametrize(
    "change",
    [
        {"at": NOW},
        {"actor": None},
        {"actor_label": "someone@example.com"},
        {"action": "integration.viewed"},
        {"target": "integration:4"},
        {"details": {"fields": ["name"], "count": 4}},
        {"details": {}},
        {"ip": "203.0.113.8"},
        {"ip": None},
        {"hash": bytes(32)},
        {"previous_hash": bytes(32)},
    ],
    ids=str,
)
def test_a_changed_field_is_found_at_its_entry(chain, change):
    at(chain, 3).update(**change)

    assert broken_at(chain) == 3


def test_another_actor_is_found(chain, world):
    at(chain, 3).update(actor=world.agent)

    assert broken_at(chain) == 3


@pytest.mark.parametrize("gone", [1, 2, 5])
def test_a_deleted_entry_is_found_where_it_was(chain, gone):
    at(chain, gone).delete()

    assert broken_at(chain) == gone


def test_a_deleted_entry_is_found_although_the_rest_was_numbered_anew(chain):
    at(chain, 3).delete()
    for sequence in (4, 5, 6):
        at(chain, sequence).update(sequence=sequence - 1)

    assert broken_at(chain) == 3


def test_swapped_entries_are_found(chain):
    at(chain, 2).update(sequence=99)
    at(chain, 3).update(sequence=2)
    at(chain, 99).update(sequence=3)

    assert broken_at(chain) == 2


@pytest.mark.parametrize("left", [0, 4, 5])
def test_a_deleted_tail_is_found(chain, left):
    events(chain).filter(sequence__gt=left).delete()

    assert broken_at(chain) == left + 1


def test_a_deleted_tail_is_found_although_the_head_was_set_back(chain):
    events(chain).filter(sequence__gt=4).delete()
    AuditChain.objects.for_workspace(chain).update(
        sequence=4, hash=events(chain).last().hash
    )

    assert broken_at(chain) == 5


def test_a_deleted_chain_row_is_found(chain):
    AuditChain.objects.for_workspace(chain).delete()

    assert broken_at(chain) == 1


def test_a_chain_that_was_begun_anew_does_not_cover_older_entries(chain):
    AuditChain.objects.for_workspace(chain).delete()
    with pytest.raises(Exception, match="audit_sequence_unique"), transaction.atomic():
        audit.record(workspace=chain, action="anew")

    assert broken_at(chain) == 1


def test_an_entry_of_another_workspace_is_found(chain, world):
    at(chain, 6).delete()
    AuditEvent.objects.for_workspace(world.other_workspace).update(
        workspace=chain, sequence=6
    )

    assert broken_at(chain) == 6


def head_of(workspace):
    chains = AuditChain.objects.for_workspace(workspace)
    return chains.values("sequence", "hash", "head_mac")[0]


def test_an_entry_of_a_branch_does_not_pass_for_the_head(chain):
    """Somebody puts back an older head, and the program itself writes on from there."""
    old_head = head_of(chain)
    truth = audit.record(workspace=chain, action="what.really.happened")
    at(chain, 7).delete()
    AuditChain.objects.for_workspace(chain).update(**old_head)
    audit.record(workspace=chain, action="another.story")
    at(chain, 7).delete()
    truth.save(force_insert=True)

    assert broken_at(chain) == 7


def test_entries_of_two_branches_do_not_fit_together(chain):
    old_head = head_of(chain)
    truth = audit.record(workspace=chain, action="what.really.happened")
    at(chain, 7).delete()
    AuditChain.objects.for_workspace(chain).update(**old_head)
    for action in ("another.story", "and.its.end"):
        audit.record(workspace=chain, action=action)
    at(chain, 7).delete()
    truth.save(force_insert=True)

    assert broken_at(chain) == 8


def test_the_chain_outlives_the_secrets_of_its_workspace(chain):
    vault.erase(chain.pk)

    assert audit.verify(chain).is_intact


def test_an_unknown_root_key_is_told_apart_from_tampering(chain, settings):
    settings.INTEGRATIONS_KEY = b"n" * 32

    assert "key does not open" in audit.verify(chain).problem


def test_a_record_is_rolled_back_with_what_it_tells_of(chain):
    with transaction.atomic():
        audit.record(workspace=chain, action="never.happened")
        transaction.set_rollback(True)
    audit.record(workspace=chain, action="happened")

    report = audit.verify(chain)

    assert (report.is_intact, report.entries) == (True, 7)


def test_who_acted_cannot_be_deleted(chain, world):
    with pytest.raises(ProtectedError):
        world.owner.delete()


def test_a_deleted_workspace_takes_its_chain_along(chain):
    chain.delete()

    assert not AuditEvent.objects.unscoped("test").filter(workspace=chain.pk).exists()


@pytest.mark.parametrize(
    "details",
    [
        {"secret": vault.Secret("x")},
        {"price": 1.5},
        {"at": NOW},
        {"bytes": b"x"},
        {1: "number as a name"},
        {"deep": [{"set": {1}}]},
    ],
    ids=str,
)
def test_details_that_would_not_come_back_unchanged_are_refused(world, details):
    with pytest.raises(TypeError, match="audit details"):
        audit.record(workspace=world.workspace, action="test", details=details)


def test_odd_text_is_recorded_and_stays_provable(world):
    audit.record(
        workspace=world.workspace,
        action="workspace.added",
        actor_label="x" * 400,
        target="nul\0 " + "é" * 200,
        details={"\ud800\0": ["\udfff", 10**30, -1, "\u2028", "ação"]},
        ip="not an address",
    )

    assert audit.verify(world.workspace).is_intact
    assert events(world.workspace).get().ip is None


@pytest.mark.parametrize(
    "ip", ["203.0.113.9", "::ffff:203.0.113.9", "fe80::1%eth0", "2001:db8:0:0::1", ""]
)
def test_every_form_of_address_stays_provable(world, ip):
    audit.record(workspace=world.workspace, action="workspace.added", ip=ip)

    assert audit.verify(world.workspace).is_intact


def test_another_time_zone_is_the_same_moment(world):
    local = NOW.astimezone(timezone(timedelta(hours=-3)))
    audit.record(workspace=world.workspace, action="workspace.added", now=local)

    assert audit.verify(world.workspace).is_intact


@pytest.mark.django_db(transaction=True)
def test_entries_recorded_at_once_are_numbered_without_gap():
    workspace = onboarding.add_workspace(slug="nova", name="Nova", now=NOW)
    start = threading.Barrier(4)

    def record(thread):
        try:
            start.wait(timeout=10)
            for number in range(25):
                audit.record(workspace=workspace, action=f"test.{thread}.{number}")
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(record, range(4)))

    assert list(events(workspace).values_list("sequence", flat=True)) == list(
        range(1, 102)
    )
    report = audit.verify(workspace)
    assert (report.is_intact, report.entries) == (True, 101)


@pytest.mark.django_db(transaction=True)
def test_a_chain_is_intact_while_entries_are_added():
    workspace = onboarding.add_workspace(slug="nova", name="Nova", now=NOW)
    stop = threading.Event()

    def record():
        try:
            while not stop.is_set():
                audit.record(workspace=workspace, action="test")
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        writer = pool.submit(record)
        try:
            problems = {audit.verify(workspace).problem for _ in range(50)}
        finally:
            stop.set()
        writer.result(timeout=10)

    assert problems == {""}


def run(*arguments):
    out, err = StringIO(), StringIO()
    try:
        call_command("audit_verify", *arguments, stdout=out, stderr=err)
    except CommandError as error:
        return error.returncode, out.getvalue() + err.getvalue() + str(error)
    return 0, out.getvalue() + err.getvalue()


def test_the_command_tells_the_head_of_every_chain(chain):
    code, text = run()

    assert code == 0
    assert f"padaria: 6 entries intact, head 6:{audit.verify(chain).head[2:]}" in text
    assert "oficina: 1 entries intact" in text


def test_the_command_fails_and_names_the_first_broken_entry(chain):
    at(chain, 4).delete()

    code, text = run()

    assert code == 1
    assert "padaria: broken at entry 4 (is missing); 3 entries before it" in text
    assert "oficina: 1 entries intact" in text


def test_the_command_looks_at_one_workspace_when_asked(chain):
    at(chain, 4).delete()

    assert run("--workspace", "oficina")[0] == 0
    assert run("--workspace", "padaria")[0] == 1


def test_the_command_refuses_an_unknown_workspace(world):
    code, text = run("--workspace", "nobody")

    assert code == 1
    assert "There is no workspace nobody" in text
