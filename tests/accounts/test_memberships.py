"""Roles, going and handing over: by right, audited, and never without an owner."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts import audit
from accounts.models import AuditEvent, Membership
from accounts.permissions import grantable, outranks
from accounts.services import memberships
from accounts.services.memberships import LastOwner, MemberGone, NotAllowed
from tests.factories import accounts as make
from tests.factories import integrations as make_numbers
from tests.factories import whatsapp as make_talk

NOW = timezone.now()


def _of(workspace, user):
    return Membership.objects.for_workspace(workspace).filter(user=user).first()


def _last(workspace):
    return AuditEvent.objects.for_workspace(workspace).order_by("-sequence").first()


def _person(workspace, name, role):
    user = make.user(email=f"{name}@example.com")
    return user, make.membership(workspace, user, role=role)


@pytest.fixture
def talks(world):
    """Two open conversations and a closed one of the agent's, and one of the owner's."""
    number = make_numbers.channel(world.workspace)

    def talk(user, state="open"):
        lead = make_talk.lead(world.workspace)
        return make_talk.conversation(lead, number, assignee=user, state=state)

    return [
        talk(world.agent),
        talk(world.agent),
        talk(world.agent, "closed"),
        talk(world.owner),
    ]


# --- who may grant what -------------------------------------------------------
def test_nobody_grants_above_their_own_role_nor_ownership():
    assert grantable("owner") == ["admin", "agent", "viewer"]
    assert grantable("admin") == ["admin", "agent", "viewer"]
    assert grantable("agent") == grantable("viewer") == grantable("king") == []
    assert outranks("admin", "admin")
    assert not outranks("admin", "owner")


def test_a_role_is_changed_and_audited_with_both_names(world):
    member = _of(world.workspace, world.agent)

    memberships.change_role(
        world.workspace, member.key, role="admin", actor=world.owner, now=NOW
    )

    member.refresh_from_db()
    entry = _last(world.workspace)
    assert member.role == "admin"
    assert (entry.action, entry.target) == (
        "member.role_changed",
        f"user:{world.agent.pk}",
    )
    assert entry.details == {"from": "agent", "to": "admin", "released": 0}


def test_the_same_role_again_is_no_change(world):
    member = _of(world.workspace, world.agent)

    changed = memberships.change_role(
        world.workspace, member.key, role="agent", actor=world.owner, now=NOW
    )

    assert changed is None
    assert _last(world.workspace) is None


@pytest.mark.parametrize("role", ["owner", "king", ""])
def test_ownership_and_nonsense_are_not_given(world, role):
    member = _of(world.workspace, world.agent)

    with pytest.raises(NotAllowed):
        memberships.change_role(
            world.workspace, member.key, role=role, actor=world.owner, now=NOW
        )

    member.refresh_from_db()
    assert member.role == "agent"


@pytest.mark.parametrize("role", ["agent", "viewer"])
def test_a_role_without_the_right_changes_nobody(world, role):
    acting, _ = _person(world.workspace, "acting", role)
    member = _of(world.workspace, world.agent)

    with pytest.raises(NotAllowed):
        memberships.change_role(
            world.workspace, member.key, role="viewer", actor=acting, now=NOW
        )
    with pytest.raises(NotAllowed):
        memberships.remove(world.workspace, member.key, actor=acting, now=NOW)


def test_an_admin_touches_no_owner(world):
    admin, _ = _person(world.workspace, "admin", "admin")
    _person(world.workspace, "second", "owner")
    owner = _of(world.workspace, world.owner)

    with pytest.raises(NotAllowed):
        memberships.change_role(
            world.workspace, owner.key, role="viewer", actor=admin, now=NOW
        )
    with pytest.raises(NotAllowed):
        memberships.remove(world.workspace, owner.key, actor=admin, now=NOW)

    assert _of(world.workspace, world.owner) is not None


def test_somebody_of_another_workspace_reaches_nobody(world):
    member = _of(world.workspace, world.agent)

    with pytest.raises(NotAllowed):
        memberships.remove(world.workspace, member.key, actor=world.outsider, now=NOW)
    with pytest.raises(MemberGone):
        memberships.remove(
            world.other_workspace, member.key, actor=world.outsider, now=NOW
        )

    assert _of(world.workspace, world.agent) is not None


# --- going ----------------------------------------------------------------------
def test_whoever_is_removed_leaves_open_conversations_to_nobody(world, talks):
    audit.record(workspace=world.workspace, action="workspace.added")
    member = _of(world.workspace, world.agent)
    assert memberships.holdings(world.workspace, world.agent) == 2

    released = memberships.remove(
        world.workspace, member.key, actor=world.owner, now=NOW
    )

    for talk in talks:
        talk.refresh_from_db()
    assert released == 2
    assert [talk.assignee for talk in talks] == [None, None, world.agent, world.owner]
    entry = _last(world.workspace)
    assert entry.action == "member.removed"
    assert entry.details == {
        "role": "agent",
        "email": "agent@example.com",
        "released": 2,
    }
    assert audit.verify(world.workspace).is_intact


def test_a_viewer_keeps_no_conversation(world, talks):
    member = _of(world.workspace, world.agent)

    released = memberships.change_role(
        world.workspace, member.key, role="viewer", actor=world.owner, now=NOW
    )

    assert released == 2
    assert memberships.holdings(world.workspace, world.agent) == 0


def test_conversations_of_another_workspace_stay(world, talks):
    make.membership(world.other_workspace, world.agent)
    number = make_numbers.channel(world.other_workspace)
    elsewhere = make_talk.conversation(
        make_talk.lead(world.other_workspace), number, assignee=world.agent
    )

    memberships.remove(
        world.workspace,
        _of(world.workspace, world.agent).key,
        actor=world.owner,
        now=NOW,
    )

    elsewhere.refresh_from_db()
    assert elsewhere.assignee == world.agent


def test_a_removed_member_loses_access_at_the_next_request(world, signed_in):
    client = signed_in(world.agent)
    assert client.get("/w/padaria/").status_code == 200

    memberships.remove(
        world.workspace,
        _of(world.workspace, world.agent).key,
        actor=world.owner,
        now=NOW,
    )

    assert client.get("/w/padaria/").status_code == 404
    assert client.post("/w/padaria/settings/members/leave/").status_code == 404


def test_removing_twice_says_that_they_are_gone(world):
    key = _of(world.workspace, world.agent).key
    memberships.remove(world.workspace, key, actor=world.owner, now=NOW)

    with pytest.raises(MemberGone):
        memberships.remove(world.workspace, key, actor=world.owner, now=NOW)


@pytest.mark.parametrize("way", ["remove", "leave", "change_role"])
def test_the_last_owner_stays(world, way):
    owner = _of(world.workspace, world.owner)
    acts = {
        "remove": lambda: memberships.remove(
            world.workspace, owner.key, actor=world.owner, now=NOW
        ),
        "leave": lambda: memberships.leave(world.workspace, actor=world.owner, now=NOW),
        "change_role": lambda: memberships.change_role(
            world.workspace, owner.key, role="admin", actor=world.owner, now=NOW
        ),
    }

    with pytest.raises(LastOwner):
        acts[way]()

    owner.refresh_from_db()
    assert owner.role == "owner"
    assert _last(world.workspace) is None


def test_an_owner_who_cannot_sign_in_counts_for_none(world):
    sleeping, _ = _person(world.workspace, "sleeping", "owner")
    sleeping.is_active = False
    sleeping.save()

    with pytest.raises(LastOwner):
        memberships.leave(world.workspace, actor=world.owner, now=NOW)


def test_one_of_two_owners_may_leave(world):
    _person(world.workspace, "second", "owner")

    memberships.leave(world.workspace, actor=world.owner, now=NOW)

    assert _of(world.workspace, world.owner) is None
    assert _last(world.workspace).action == "member.left"


# --- handing over ---------------------------------------------------------------
def test_ownership_is_swapped_and_audited(world):
    heir = _of(world.workspace, world.agent)

    memberships.transfer_ownership(
        world.workspace, heir.key, actor=world.owner, now=NOW
    )

    assert _of(world.workspace, world.agent).role == "owner"
    assert _of(world.workspace, world.owner).role == "admin"
    entry = _last(world.workspace)
    assert entry.action == "workspace.ownership_transferred"
    assert entry.details == {
        "from": f"user:{world.owner.pk}",
        "their_role_before": "agent",
    }


def test_only_an_owner_hands_over_and_to_somebody_else_who_can_sign_in(world):
    admin, own = _person(world.workspace, "admin", "admin")
    agent = _of(world.workspace, world.agent)

    with pytest.raises(NotAllowed):
        memberships.transfer_ownership(world.workspace, agent.key, actor=admin, now=NOW)
    with pytest.raises(NotAllowed):
        memberships.transfer_ownership(
            world.workspace,
            _of(world.workspace, world.owner).key,
            actor=world.owner,
            now=NOW,
        )
    admin.is_active = False
    admin.save()
    with pytest.raises(NotAllowed):
        memberships.transfer_ownership(
            world.workspace, own.key, actor=world.owner, now=NOW
        )

    assert _of(world.workspace, world.owner).role == "owner"


# --- seen -----------------------------------------------------------------------
def test_a_visit_is_noted_once_in_a_while(world, signed_in):
    member = _of(world.workspace, world.agent)
    long_ago = NOW - timedelta(days=2)
    Membership.objects.for_workspace(world.workspace).filter(pk=member.pk).update(
        last_seen_at=long_ago
    )
    client = signed_in(world.agent)

    client.get("/w/padaria/leads/")
    member.refresh_from_db()
    first = member.last_seen_at
    client.get("/w/padaria/leads/")
    member.refresh_from_db()

    assert first > long_ago
    assert member.last_seen_at == first
