"""The second and third wall, asked directly: PostgreSQL refuses, whatever the code forgot."""

import json
from contextlib import contextmanager

import pytest
from django.db import IntegrityError, ProgrammingError, connection, transaction
from django.test import Client
from django.utils import timezone

from accounts.models import Membership
from accounts.scoping import NOBODY, inside, workspace_transaction
from config.database import Strength
from tests.architecture.test_pages import WORKSPACE_PAGES
from tests.factories import accounts as make_room_0
from tests.factories import integrations as make_room_1
from tests.factories import webhooks as make_room_4
from tests.factories import whatsapp as make
from tests.walls import as_app
from webhooks.models import RawWebhook
from whatsapp.models import Lead, LeadNote

THEIRS = "SEGREDO DA OFICINA"
ALL_LEADS = Lead.objects.unscoped("what PostgreSQL lets through, whatever is asked")


@pytest.fixture
def theirs(world):
    """A row of every main kind in the other workspace, each with a name to look for."""
    channel = make_room_1.channel(
        world.other_workspace, phone="+5521999990000", display_name=THEIRS
    )
    lead = make.lead(world.other_workspace, name=THEIRS)
    make.identity(lead)
    link = make.link(channel, slug="segredo-da-oficina")
    touch = make.touch(lead, link=link, headline=THEIRS)
    make.attribution(lead, touch=touch, reason=THEIRS)
    conversation = make.conversation(lead, channel, preview=THEIRS)
    make.message(conversation, text=THEIRS)
    make.note(lead, author=world.outsider, text=THEIRS)
    make_room_4.raw_webhook(world.other_workspace, state="parked", error=THEIRS)
    return lead


def _setting():
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('app.workspace_id', true)")
        return cursor.fetchone()[0] or ""


# --- wall 3 --------------------------------------------------------------------
def test_without_a_workspace_tables_are_empty(theirs):
    with as_app():
        assert not ALL_LEADS.exists()
        assert not RawWebhook.objects.exists()


def test_a_page_is_planned_without_helpers_and_compiler(world):
    def plans():
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT current_setting('max_parallel_workers_per_gather')::int,"
                " current_setting('jit')"
            )
            return cursor.fetchone()

    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL jit = on")
    assert plans()[0] > 0  # as PostgreSQL comes

    with workspace_transaction(world.workspace.pk):
        assert plans() == (0, "off")


def test_a_policy_is_planned_for_the_largest_workspace(world):
    """Not for one of many: a join of three tables would count as nothing at all."""
    small = [make_room_0.workspace(slug=f"small-{number}") for number in range(30)]
    of_whom = [world.workspace] * 300 + small
    now = timezone.now()
    Lead.objects.bulk_create(
        Lead(workspace=one, name="Ana", created_at=now, updated_at=now)
        for one in of_whom
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE whatsapp_lead")

    with as_app(), workspace_transaction(world.workspace.pk):
        expected = json.loads(ALL_LEADS.only("pk").explain(format="JSON"))

    assert 200 < expected[0]["Plan"]["Plan Rows"] < 400


def test_inside_a_workspace_only_its_rows_are_there(world, theirs):
    ours = make.lead(world.workspace)

    with as_app(), workspace_transaction(world.workspace.pk):
        assert [lead.pk for lead in ALL_LEADS.all()] == [ours.pk]
    with as_app(), workspace_transaction(world.other_workspace.pk):
        assert [lead.pk for lead in ALL_LEADS.all()] == [theirs.pk]


def test_a_row_of_another_workspace_is_neither_made_nor_moved_nor_changed(
    world, theirs
):
    ours = make.lead(world.workspace)

    with as_app(), workspace_transaction(world.workspace.pk):
        with _refused("row-level"):
            Lead.objects.create(workspace=world.other_workspace)
        with _refused("row-level"):
            ALL_LEADS.filter(pk=ours.pk).update(workspace=world.other_workspace)
        assert ALL_LEADS.filter(pk=theirs.pk).update(name="ours now") == 0
        assert ALL_LEADS.filter(pk=theirs.pk).delete()[0] == 0


def test_rows_of_nobody_are_for_the_platform_alone(world):
    nobodys = make_room_4.raw_webhook(None, state="unrouted")

    with as_app():
        with workspace_transaction(world.workspace.pk):
            assert not RawWebhook.objects.exists()
        with workspace_transaction(NOBODY):
            assert [row.pk for row in RawWebhook.objects.all()] == [nobodys.pk]


def test_the_run_time_role_may_not_empty_a_table(world):
    with as_app(), _refused("permission denied"), connection.cursor() as cursor:
        cursor.execute("TRUNCATE whatsapp_lead CASCADE")


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE whatsapp_lead DISABLE ROW LEVEL SECURITY",
        "ALTER TABLE whatsapp_lead NO FORCE ROW LEVEL SECURITY",
        "DROP POLICY tenant ON whatsapp_lead",
        "CREATE POLICY mine ON whatsapp_lead USING (true)",
    ],
)
def test_the_run_time_role_may_not_switch_the_walls_off(world, statement):
    with as_app(), _refused("must be owner"), connection.cursor() as cursor:
        cursor.execute(statement)


@contextmanager
def _refused(reason):
    with pytest.raises(ProgrammingError, match=reason), transaction.atomic():
        yield


# --- the setting ------------------------------------------------------------------
@pytest.mark.django_db(transaction=True)
def test_the_setting_ends_with_its_transaction():
    """Or it would leak to the next borrower of a pooled connection."""
    workspace = make_room_0.workspace()
    with workspace_transaction(workspace.pk):
        assert _setting() == str(workspace.pk)

    assert _setting() == ""

    with pytest.raises(ZeroDivisionError), workspace_transaction(workspace.pk):
        raise ZeroDivisionError

    assert _setting() == ""


def test_the_outer_workspace_is_back_after_an_inner_one(world):
    ours, other = world.workspace.pk, world.other_workspace.pk
    seen = []

    with workspace_transaction(ours):
        with workspace_transaction(other):
            seen.append(_setting())
            with inside(other), inside(ours):
                seen.append(_setting())
            seen.append(_setting())
        seen.append(_setting())
        with pytest.raises(ZeroDivisionError), workspace_transaction(other):
            raise ZeroDivisionError
        seen.append(_setting())
    seen.append(_setting())

    assert seen == [*map(str, (other, ours, other, ours, ours)), ""]


# --- wall 2 --------------------------------------------------------------------
@contextmanager
def _checked_at_once():
    """Foreign keys are checked at the end of a transaction, which a test does not reach."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    with pytest.raises(IntegrityError, match="foreign key"), transaction.atomic():
        yield


def test_a_reference_across_workspaces_cannot_be_stored(world, theirs):
    note = LeadNote(
        workspace=world.workspace,
        lead=theirs,
        text="x",
        created_at=theirs.created_at,
    )

    # As the owner, whom row-level security lets through here: the key refuses by itself.
    with _checked_at_once():
        note.save()


def test_a_row_that_others_refer_to_cannot_change_its_workspace(world, theirs):
    with _checked_at_once():
        ALL_LEADS.filter(pk=theirs.pk).update(workspace=world.workspace)


# --- what crosses --------------------------------------------------------------
def test_a_persons_workspaces_are_found_and_nobody_elses(world):
    with as_app(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT workspace_id, role FROM accounts_memberships_of(%s)",
            [world.agent.pk],
        )
        assert cursor.fetchall() == [(world.workspace.pk, "agent")]
        assert not Membership.objects.unscoped("outside").exists()


def test_search_finds_nothing_of_another_workspace(world, theirs):
    inside_ours = workspace_transaction(world.workspace.pk)

    with as_app(), inside_ours, connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM whatsapp_search_conversations('segredo', 50)"
        )
        assert cursor.fetchone() == (0,)


# --- the first wall down -----------------------------------------------------------
@pytest.mark.parametrize(("name", "address"), WORKSPACE_PAGES)
def test_pages_show_no_foreign_row_with_the_first_wall_down(
    world, theirs, signed_in, without_scopes, name, address
):
    """Lists and forms of ours; and the other's rows asked for by their keys."""
    client = signed_in(world.owner)
    keys = [theirs.key, *_keys_of(theirs)] if "{key}" in address else [""]

    for key in keys:
        page = client.get(address.format(slug="padaria", key=key))

        assert page.status_code == (404 if key else 200)
        body = b"".join(page.streaming_content) if page.streaming else page.content
        assert THEIRS not in body.decode()


def test_the_first_wall_is_really_down_in_that_walk(world, theirs, without_scopes):
    """Else the walk would prove nothing: the owner now sees the other's rows."""
    assert theirs in Lead.objects.for_workspace(world.workspace)


def _keys_of(lead):
    from whatsapp.models import Conversation, TrackedLink

    return [
        Conversation.objects.unscoped("test").get(lead=lead).key,
        TrackedLink.objects.unscoped("test").get(slug="segredo-da-oficina").key,
        RawWebhook.objects.get(error=THEIRS).key,
        Conversation.objects.unscoped("test").get(lead=lead).channel.key,
    ]


def test_an_outsiders_address_of_ours_is_a_404_with_the_first_wall_down(
    world, theirs, without_scopes
):
    client = Client()
    client.force_login(world.agent)

    assert client.get("/w/oficina/").status_code == 404


# --- the start ---------------------------------------------------------------------
@pytest.mark.parametrize(
    ("told", "problem"),
    [
        ({"is_superuser": True}, "x is a superuser"),
        ({"bypasses": True}, "x bypasses row-level security"),
        ({"makes_roles": True}, "x may make roles"),
        ({"unbound_role": "y"}, "x is a member of y, which row-level"),
        ({"owns": True, "truncates": True}, "x owns the tables"),
        ({"crossing_role": "y"}, "x is a member of y, which looks across"),
        ({"truncates": True}, "x may truncate"),
        ({}, ""),
    ],
)
def test_a_role_that_is_too_strong_is_named(told, problem):
    bound = {
        "name": "x",
        "is_superuser": False,
        "bypasses": False,
        "makes_roles": False,
        "unbound_role": None,
        "owns": False,
        "crossing_role": None,
        "truncates": False,
    }
    strength = Strength(**(bound | told))

    assert strength.problem.startswith(problem)
    assert bool(strength.problem) == bool(problem)
