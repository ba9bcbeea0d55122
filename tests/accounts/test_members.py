import json
from datetime import UTC, datetime

import pytest

from accounts import audit
from accounts.models import AuditEvent, Membership, User, Workspace
from accounts.services import additions, onboarding
from tests.commands import run

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def actions(workspace):
    events = AuditEvent.objects.for_workspace(workspace).order_by("sequence")
    return [(event.action, event.actor_label) for event in events]


# --- workspaces ---------------------------------------------------------------
def test_a_workspace_is_opened_and_audited(db):
    ran = run("add_workspace", "--slug", "demo", "--name", "Demo", "--json")

    workspace = Workspace.objects.get()
    assert ran.code == 0
    assert json.loads(ran.out) == {
        "workspace": str(workspace.key),
        "slug": "demo",
        "name": "Demo",
    }
    assert actions(workspace) == [("workspace.added", "operator")]
    assert audit.verify(workspace).is_intact


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"slug": "padaria"}, "slug"),
        ({"slug": "Não vale"}, "slug"),
        ({"slug": ""}, "slug"),
        ({"name": "  "}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"time_zone": "Mars/Olympus"}, "time_zone"),
        ({"language": "fr"}, "language"),
    ],
)
def test_a_workspace_that_cannot_be_is_refused_by_field(world, change, field):
    values = {"slug": "nova", "name": "Nova", "now": NOW} | change

    with pytest.raises(onboarding.WorkspaceInvalid) as invalid:
        onboarding.add_workspace(**values)

    assert list(invalid.value.problems) == [field]


# --- members ------------------------------------------------------------------
def test_a_new_person_gets_a_password_that_is_told_once_and_works(world):
    ran = run(
        "add_member",
        *("--workspace", "padaria", "--email", " Ana@Example.com", "--role", "agent"),
        *("--name", "Ana", "--json"),
    )

    told = json.loads(ran.out)
    user = User.objects.get(email="ana@example.com")
    membership = Membership.objects.for_workspace(world.workspace).get(user=user)
    assert ran.code == 0
    assert told["is_new_user"] is True
    assert user.check_password(told["password"])
    assert len(told["password"]) == 16
    assert (user.name, membership.role) == ("Ana", "agent")
    assert actions(world.workspace) == [("member.added", "operator")]


def test_a_password_may_come_on_standard_input_and_is_not_printed(world):
    ran = run(
        "add_member",
        *("--workspace", "padaria", "--email", "ana@example.com", "--role", "owner"),
        "--password-stdin",
        stdin=b"correta bateria cavalo\r\n",
    )

    assert ran.code == 0
    assert "correta" not in ran.out
    assert User.objects.get(email="ana@example.com").check_password(
        "correta bateria cavalo"
    )


def test_somebody_who_signs_in_already_joins_and_keeps_their_password(world):
    ran = run(
        "add_member",
        *("--workspace", "padaria", "--email", "outsider@example.com"),
        *("--role", "viewer", "--json"),
    )

    world.outsider.refresh_from_db()
    assert "password" not in json.loads(ran.out)
    assert world.outsider.check_password("senha-de-teste")
    assert world.outsider.memberships.unscoped("test").count() == 2


@pytest.mark.parametrize(
    ("change", "stdin", "field"),
    [
        ({"--workspace": "nada"}, b"", "workspace"),
        ({"--email": "nobody"}, b"", "email"),
        ({"--email": "a" * 250 + "@example.com"}, b"", "email"),
        ({"--email": "agent@example.com"}, b"", "email"),
        ({"--email": "outsider@example.com"}, b"uma nova senha", "password"),
        ({}, b"123", "password"),
        ({}, b"\n", "password"),
    ],
)
def test_what_cannot_be_is_refused_by_field_and_changes_nothing(
    world, change, stdin, field
):
    before = User.objects.count(), Membership.objects.unscoped("test").count()
    arguments = {
        "--workspace": "padaria",
        "--email": "ana@example.com",
        "--role": "agent",
    } | change
    flat = [part for pair in arguments.items() for part in pair]
    flat += ["--password-stdin"] if stdin else []

    ran = run("add_member", *flat, "--json", stdin=stdin)

    assert (ran.code, ran.out) == (1, "")
    assert list(json.loads(ran.err)["fields"]) == [field]
    assert before == (User.objects.count(), Membership.objects.unscoped("test").count())


def test_an_unknown_role_is_a_mistake_of_usage(world):
    ran = run(
        "add_member",
        *("--workspace", "padaria", "--email", "a@example.com", "--role", "king"),
    )

    assert ran.code == 2


def test_what_was_added_does_not_show_the_password(world):
    added = additions.add_member(
        workspace=world.workspace, email="ana@example.com", role="agent", now=NOW
    )

    assert added.new_password is not None
    assert added.new_password not in repr(added)
