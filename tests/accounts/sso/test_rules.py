"""The table that turns what the identity server says into roles, at every sign-in."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import OperationalError, connection, transaction
from django.urls import reverse
from django.utils import timezone

from accounts import audit
from accounts.models import (
    AuditEvent,
    MailState,
    Membership,
    SignInRule,
    User,
    Workspace,
)
from accounts.services import (
    acceptance,
    invitations,
    memberships,
    sign_in_rules,
)
from tests.accounts.sso.conftest import by_discovery
from tests.factories import accounts as make
from tests.factories import integrations as make_numbers
from tests.factories import whatsapp as make_talk

pytestmark = pytest.mark.django_db


@pytest.fixture
def padaria(world):
    return world.workspace


def _rule(workspace, value, role, *, claim="groups", is_authoritative=False):
    return SignInRule.objects.create(
        workspace=workspace,
        claim=claim,
        value=value,
        role=role,
        is_authoritative=is_authoritative,
    )


def _role(workspace):
    member = Membership.objects.for_workspace(workspace).filter(
        user__email="rita@example.com"
    )
    return member.values_list("role", flat=True).first()


def test_groups_become_the_highest_role_that_fits(walker, padaria):
    audit.record(workspace=padaria, action="workspace.added")
    _rule(padaria, "atendimento", "agent")
    _rule(padaria, "gerencia", "admin")
    _rule(padaria, "outra", "viewer")
    walker.idp.person["groups"] = ["atendimento", "gerencia"]

    walker.sign_in()

    assert _role(padaria) == "admin"
    assert audit.verify(padaria).is_intact


def test_a_value_inside_another_is_found(walker, padaria):
    _rule(padaria, "staff", "viewer", claim="realm_access.roles")
    walker.idp.person["realm_access"] = {"roles": ["staff"]}

    walker.sign_in()

    assert _role(padaria) == "viewer"


@pytest.mark.parametrize(("alone", "left"), [(True, None), (False, "agent")])
def test_whoever_left_the_group_leaves_when_the_server_alone_decides(
    walker, padaria, alone, left
):
    _rule(padaria, "atendimento", "agent", is_authoritative=alone)
    walker.idp.person["groups"] = ["atendimento"]
    walker.sign_in()
    walker.idp.person["groups"] = []

    walker.sign_in()

    assert _role(padaria) == left


def test_a_member_by_hand_is_not_removed_by_a_rule(walker, padaria):
    walker.sign_in()
    make.membership(padaria, User.objects.get(email="rita@example.com"))
    _rule(padaria, "atendimento", "viewer", is_authoritative=True)

    walker.sign_in()

    assert _role(padaria) == "agent"


def test_an_owner_is_never_touched_by_a_rule(walker, padaria):
    walker.sign_in()
    rita = User.objects.get(email="rita@example.com")
    make.membership(padaria, rita, role="owner")
    _rule(padaria, "atendimento", "viewer", is_authoritative=True)
    walker.idp.person["groups"] = ["atendimento"]

    walker.sign_in()

    assert _role(padaria) == "owner"


def test_a_rule_of_one_workspace_lets_nobody_into_another(walker, world):
    _rule(world.workspace, "atendimento", "agent")
    walker.idp.person["groups"] = ["atendimento"]

    walker.sign_in()

    assert _role(world.workspace) == "agent"
    assert _role(world.other_workspace) is None


# --- whose e-mail it is -----------------------------------------------------------
@pytest.mark.parametrize("verified", [False, "true", None])
def test_an_e_mail_that_is_not_verified_fits_no_line(walker, padaria, verified):
    _rule(padaria, "boss@corp.example", "admin", claim="email")
    walker.sign_in()
    walker.idp.person |= {"email": "boss@corp.example", "email_verified": verified}

    walker.sign_in()

    assert walker.is_signed_in()
    assert _role(padaria) is None


def test_the_servers_own_word_for_the_e_mail_is_the_one_that_counts(
    walker, padaria, settings
):
    settings.OAUTH = by_discovery(walker.idp, email_claim="contact.mail")
    walker.idp.person["contact"] = {"mail": "rita@example.com"}
    walker.sign_in()
    _rule(padaria, "boss@corp.example", "admin", claim="contact.mail")
    walker.idp.person |= {
        "contact": {"mail": "boss@corp.example"},
        "email_verified": False,
    }

    walker.sign_in()

    assert _role(padaria) is None


def test_a_verified_e_mail_fits_its_line(walker, padaria):
    _rule(padaria, "rita@example.com", "viewer", claim="email")

    walker.sign_in()

    assert _role(padaria) == "viewer"


# --- what a member lets go of -----------------------------------------------------
def _agent_with_work(walker, padaria):
    """Rita, let in by a line that decides alone, with one conversation of hers."""
    _rule(padaria, "atendimento", "agent", is_authoritative=True)
    walker.idp.person["groups"] = ["atendimento"]
    walker.sign_in()
    rita = User.objects.get(email="rita@example.com")
    channel = make_numbers.channel(padaria)
    talk = make_talk.conversation(make_talk.lead(padaria), channel, assignee=rita)
    return rita, talk


def _last_entry(workspace):
    return AuditEvent.objects.for_workspace(workspace).latest("sequence")


def test_whoever_a_line_removes_leaves_no_conversation_behind(walker, padaria):
    rita, talk = _agent_with_work(walker, padaria)
    walker.idp.person["groups"] = []

    walker.sign_in()

    talk.refresh_from_db()
    assert (_role(padaria), talk.assignee) == (None, None)
    entry = _last_entry(padaria)
    assert (entry.action, entry.actor_label) == ("member.removed", "sign-in rule")
    assert entry.details == {"role": "agent", "email": rita.email, "released": 1}
    assert entry.ip == "127.0.0.1"


def test_whoever_a_line_makes_a_viewer_leaves_no_conversation_behind(walker, padaria):
    _rita, talk = _agent_with_work(walker, padaria)
    _rule(padaria, "consulta", "viewer")
    walker.idp.person["groups"] = ["consulta"]

    walker.sign_in()

    talk.refresh_from_db()
    assert (_role(padaria), talk.assignee) == ("viewer", None)
    entry = _last_entry(padaria)
    assert entry.action == "member.role_changed"
    assert entry.details == {"from": "agent", "to": "viewer", "released": 1}


def test_whoever_a_line_raises_keeps_their_conversations(walker, padaria):
    rita, talk = _agent_with_work(walker, padaria)
    _rule(padaria, "gerencia", "admin")
    walker.idp.person["groups"] = ["gerencia"]

    walker.sign_in()

    talk.refresh_from_db()
    assert (_role(padaria), talk.assignee) == ("admin", rita)


# --- what people decided ----------------------------------------------------------
def _let_in(walker, padaria, **line):
    _rule(padaria, "atendimento", "admin", **line)
    walker.idp.person["groups"] = ["atendimento"]
    walker.sign_in()
    return Membership.objects.for_workspace(padaria).get(user__email="rita@example.com")


def _remove(world, member):
    memberships.remove(
        world.workspace, member.key, actor=world.owner, now=timezone.now()
    )


def _leave(world, member):
    memberships.leave(world.workspace, actor=member.user, now=timezone.now())


@pytest.mark.parametrize("go", [_remove, _leave])
@pytest.mark.parametrize("alone", [True, False])
def test_whoever_went_by_hand_comes_back_by_an_invitation_alone(
    walker, world, padaria, go, alone
):
    member = _let_in(walker, padaria, is_authoritative=alone)
    go(world, member)

    walker.sign_in()
    assert _role(padaria) is None

    now = timezone.now()
    issued = invitations.invite(
        workspace=padaria,
        email="rita@example.com",
        role="agent",
        mail=MailState.NONE,
        actor=world.owner,
        now=now,
    )
    acceptance.accept(issued.token, user=member.user, now=now)
    assert _role(padaria) == "agent"
    walker.sign_in()
    assert _role(padaria) == ("admin" if alone else "agent")


def test_whoever_a_line_removed_comes_back_by_it(walker, world, padaria):
    member = _let_in(walker, padaria, is_authoritative=True)
    _remove(world, member)
    make.membership(padaria, member.user)  # by an invitation, say
    walker.sign_in()  # the server decides from here on
    walker.idp.person["groups"] = []
    walker.sign_in()
    assert _role(padaria) is None
    walker.idp.person["groups"] = ["atendimento"]

    walker.sign_in()

    assert _role(padaria) == "admin"


def test_one_workspace_removing_somebody_keeps_them_out_of_no_other(walker, world):
    member = _let_in(walker, world.workspace)
    _remove(world, member)
    _rule(world.other_workspace, "atendimento", "agent")

    walker.sign_in()

    assert _role(world.other_workspace) == "agent"


def test_a_role_that_somebody_gave_by_hand_stays(walker, world, padaria):
    member = _let_in(walker, padaria)
    memberships.change_role(
        padaria, member.key, role="viewer", actor=world.owner, now=timezone.now()
    )

    walker.sign_in()

    assert _role(padaria) == "viewer"


def test_whoever_handed_a_workspace_over_is_an_admin_by_hand(walker, world, padaria):
    _let_in(walker, padaria)
    rita = Membership.objects.for_workspace(padaria).get(user__email="rita@example.com")
    memberships.transfer_ownership(
        padaria, rita.key, actor=world.owner, now=timezone.now()
    )
    owner = Membership.objects.for_workspace(padaria).get(user=world.owner)
    memberships.transfer_ownership(
        padaria, owner.key, actor=rita.user, now=timezone.now()
    )

    rita.refresh_from_db()
    assert (rita.role, rita.is_by_rule) == ("admin", False)


# --- what it costs the others -----------------------------------------------------
def test_a_sign_in_that_changes_nothing_holds_no_workspace(walker, world):
    _rule(world.workspace, "atendimento", "agent")
    _rule(world.other_workspace, "nobody", "agent")
    walker.idp.person["groups"] = ["atendimento"]
    walker.sign_in()
    held = []

    def watch(execute, sql, params, many, context):
        if "FOR NO KEY UPDATE" in sql and "accounts_workspace" in sql:
            held.append(sql)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(watch):
        walker.sign_in()
        assert held == []
        walker.idp.person["groups"] = ["atendimento", "nobody"]
        walker.sign_in()

    assert len(held) == 1


def _is_free(workspace):
    """Could another sign-in change its members now?"""

    def asked():
        try:
            with transaction.atomic():
                Workspace.objects.select_for_update(nowait=True).get(pk=workspace.pk)
        except OperationalError:
            return False
        else:
            return True
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asked).result()


@pytest.mark.django_db(transaction=True)
def test_a_sign_in_holds_one_workspace_at_a_time(walker, world):
    both = {world.workspace.pk: world.workspace}
    both[world.other_workspace.pk] = world.other_workspace
    for workspace in both.values():
        _rule(workspace, "atendimento", "agent")
    walker.idp.person["groups"] = ["atendimento"]
    joined: list[int] = []
    free: list[bool] = []

    def watch(execute, sql, params, many, context):
        if sql.startswith('INSERT INTO "accounts_membership"'):
            here = next(pk for pk in params if pk in both)
            joined.append(here)
            free.extend(_is_free(both[pk]) for pk in both if pk != here)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(watch):
        walker.sign_in()

    assert joined == sorted(both)
    assert free == [True, True]


# --- the page ---------------------------------------------------------------------
def test_admins_add_and_remove_lines_of_the_table(world, idp, signed_in):
    audit.record(workspace=world.workspace, action="workspace.added")
    client = signed_in(world.owner)
    url = reverse("accounts:settings-sign-in", args=["padaria"])
    line = {"claim": "groups", "value": "caixa", "role": "agent"}

    client.post(url, line)
    again = client.post(url, line)
    as_owner = client.post(url, line | {"value": "dono", "role": "owner"})
    [rule] = SignInRule.objects.for_workspace(world.workspace)
    removal = reverse(
        "accounts:settings-sign-in-rule-delete", args=["padaria", rule.key]
    )
    by_agent = signed_in(world.agent).post(removal)
    by_outsider = signed_in(world.outsider).post(removal.replace("padaria", "oficina"))
    client.post(removal)

    assert "Já existe uma linha" in again.content.decode()
    assert as_owner.status_code == 200
    assert (by_agent.status_code, by_outsider.status_code) == (403, 404)
    assert not SignInRule.objects.for_workspace(world.workspace).exists()
    assert audit.verify(world.workspace).entries == 3


def test_the_audit_log_tells_the_line_and_where_it_was_written(world, idp, signed_in):
    client = signed_in(world.owner)
    client.defaults["REMOTE_ADDR"] = "203.0.113.9"
    url = reverse("accounts:settings-sign-in", args=["padaria"])

    client.post(url, {"claim": "groups", "value": "caixa", "role": "agent"})
    [rule] = SignInRule.objects.for_workspace(world.workspace)
    added = _last_entry(world.workspace)
    client.post(
        reverse("accounts:settings-sign-in-rule-delete", args=["padaria", rule.key])
    )
    removed = _last_entry(world.workspace)

    for entry in (added, removed):
        assert (entry.details["claim"], entry.details["value"]) == ("groups", "caixa")
        assert entry.details["role"] == "agent"
        assert entry.ip == "203.0.113.9"
    page = client.get(reverse("accounts:settings-audit", args=["padaria"]))
    assert page.content.decode().count("groups = caixa") == 2


def test_the_lines_of_a_workspace_are_limited(world, idp, signed_in, monkeypatch):
    monkeypatch.setattr(sign_in_rules, "MOST", 2)
    client = signed_in(world.owner)
    url = reverse("accounts:settings-sign-in", args=["padaria"])
    for value in ("one", "two"):
        client.post(url, {"claim": "groups", "value": value, "role": "agent"})

    answer = client.post(url, {"claim": "groups", "value": "three", "role": "agent"})

    assert answer.status_code == 200
    assert "Já existem 2 linhas" in answer.content.decode()
    assert SignInRule.objects.for_workspace(world.workspace).count() == 2
