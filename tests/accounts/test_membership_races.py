"""Two changes of memberships at once: an owner stays, and who is gone is given nothing."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import AuditEvent, Membership
from accounts.scoping import workspace_transaction
from accounts.services import memberships
from accounts.services.memberships import LastOwner, MemberGone, NotAllowed
from tests.factories import accounts as make
from tests.factories import integrations as make_numbers
from tests.factories import whatsapp as make_talk
from whatsapp.services import handling

NOW = timezone.now()


def _of(workspace, user):
    return Membership.objects.for_workspace(workspace).filter(user=user).first()


def _person(workspace, name, role):
    user = make.user(email=f"{name}@example.com")
    return user, make.membership(workspace, user, role=role)


def _at_once(workspace, *acts):
    """Each in a thread and a connection of its own; what each gave or raised."""
    gate = Barrier(len(acts))

    def run(act):
        try:
            gate.wait(10)
            with workspace_transaction(workspace.pk):
                return act()
        except (LastOwner, NotAllowed, MemberGone, handling.NotAMember) as error:
            return type(error)
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


@pytest.mark.django_db(transaction=True)
def test_two_owners_who_remove_each_other_leave_one(world):
    for turn in range(5):
        second, theirs = _person(world.workspace, f"second{turn}", "owner")
        first = _of(world.workspace, world.owner) or make.membership(
            world.workspace, world.owner, role="owner"
        )

        gave = _at_once(
            world.workspace,
            lambda theirs=theirs: memberships.remove(
                world.workspace, theirs.key, actor=world.owner, now=NOW
            ),
            lambda first=first, second=second: memberships.remove(
                world.workspace, first.key, actor=second, now=NOW
            ),
        )

        assert sorted(map(str, gave)) == sorted(map(str, [0, NotAllowed]))
        owners = Membership.objects.for_workspace(world.workspace).filter(role="owner")
        assert owners.count() == 1
        owners.exclude(user=world.owner).delete()


@pytest.mark.django_db(transaction=True)
def test_two_owners_who_leave_at_once_leave_one(world):
    second, _ = _person(world.workspace, "second", "owner")

    gave = _at_once(
        world.workspace,
        lambda: memberships.leave(world.workspace, actor=world.owner, now=NOW),
        lambda: memberships.leave(world.workspace, actor=second, now=NOW),
    )

    assert sorted(map(str, gave)) == sorted(map(str, [0, LastOwner]))
    owners = Membership.objects.for_workspace(world.workspace).filter(role="owner")
    assert owners.count() == 1


def _owners(workspace):
    rows = Membership.objects.for_workspace(workspace).filter(role="owner")
    return [one.user for one in rows.select_related("user")]


@pytest.mark.django_db(transaction=True)
def test_an_heir_who_is_removed_meanwhile_inherits_nothing_or_stays(world):
    """Whoever comes first decides; either way the workspace keeps an owner who is in."""
    for turn in range(5):
        _, heir = _person(world.workspace, f"heir{turn}", "agent")
        admin, _ = _person(world.workspace, f"admin{turn}", "admin")

        transferred, removed = _at_once(
            world.workspace,
            lambda heir=heir: memberships.transfer_ownership(
                world.workspace, heir.key, actor=world.owner, now=NOW
            ),
            lambda heir=heir, admin=admin: memberships.remove(
                world.workspace, heir.key, actor=admin, now=NOW
            ),
        )

        if transferred is MemberGone:
            assert removed == 0
            assert _owners(world.workspace) == [world.owner]
        else:
            assert transferred == heir
            assert removed is NotAllowed  # an owner is removed by owners alone
            assert _owners(world.workspace) == [heir.user]
            Membership.objects.for_workspace(world.workspace).filter(
                user=world.owner
            ).update(role="owner")
            heir.delete()


@pytest.mark.django_db(transaction=True)
def test_ownership_that_is_handed_over_twice_at_once_goes_to_one(world):
    for turn in range(5):
        heirs = [
            _person(world.workspace, f"heir{turn}{name}", "agent")[1] for name in "ab"
        ]

        gave = _at_once(
            world.workspace,
            *(
                lambda heir=heir: memberships.transfer_ownership(
                    world.workspace, heir.key, actor=world.owner, now=NOW
                )
                for heir in heirs
            ),
        )

        # The second is told by an admin, which the owner is by then.
        assert gave.count(NotAllowed) == 1
        (heir,) = [one for one in gave if one is not NotAllowed]
        assert _owners(world.workspace) == [heir.user]
        assert _of(world.workspace, world.owner).role == "admin"
        handed = AuditEvent.objects.for_workspace(world.workspace).filter(
            action="workspace.ownership_transferred"
        )
        assert handed.count() == turn + 1
        Membership.objects.for_workspace(world.workspace).filter(
            user=world.owner
        ).update(role="owner")
        heir.delete()


@pytest.mark.django_db(transaction=True)
def test_no_conversation_goes_to_somebody_who_is_removed_meanwhile(world):
    number = make_numbers.channel(world.workspace)
    for turn in range(6):
        person, member = _person(world.workspace, f"turn{turn}", "agent")
        talk = make_talk.conversation(make_talk.lead(world.workspace), number)

        _at_once(
            world.workspace,
            lambda member=member: memberships.remove(
                world.workspace, member.key, actor=world.owner, now=NOW
            ),
            lambda talk=talk, person=person: handling.assign(
                talk, assignee_id=person.pk, actor=world.owner
            ),
        )

        talk.refresh_from_db()
        assert talk.assignee is None
        assert _of(world.workspace, person) is None
