"""What ends an invitation: the right of whoever sent it, and whatever happens at once."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import MailState, Membership
from accounts.scoping import workspace_transaction
from accounts.services import acceptance, invitations, memberships
from accounts.services.acceptance import Refused
from tests.accounts.inviting import audited, invite, is_in, path_of, refusals
from tests.factories import accounts as make

NOW = timezone.now()
MEMBERS = "/w/padaria/settings/members/"


@pytest.fixture
def guest(db):
    return make.proven(make.user(email="convidada@example.com", name="Helena"))


# --- by somebody who may not invite any more ----------------------------------------
@pytest.fixture
def admin(world):
    person = make.user(email="admin@example.com", name="Ivo")
    return make.membership(world.workspace, person, role="admin")


def _removed(world, admin):
    memberships.remove(world.workspace, admin.key, actor=world.owner, now=NOW)


def _removed_in_its_workspace(world, admin):
    with workspace_transaction(world.workspace.pk):
        _removed(world, admin)


def _demoted(world, admin):
    memberships.change_role(
        world.workspace, admin.key, role="viewer", actor=world.owner, now=NOW
    )


def _switched_off(world, admin):
    admin.user.is_active = False
    admin.user.save()


@pytest.mark.parametrize("end", [_removed, _demoted, _switched_off])
@pytest.mark.parametrize("role", ["admin", "viewer"])
def test_an_invitation_ends_with_the_right_of_whoever_sent_it(
    world, admin, guest, signed_in, end, role
):
    issued = invite(world, role=role, actor=admin.user)

    end(world, admin)
    page = signed_in(guest).get(path_of(issued))
    posted = signed_in(guest).post(path_of(issued))

    assert page.status_code == posted.status_code == 410
    assert "Este convite não vale mais" in page.content.decode()
    assert "Padaria" not in page.content.decode()
    assert not is_in(world, guest)
    assert refusals(world) == ["inviter"]


def test_it_counts_once_more_when_somebody_who_may_sends_it_again(world, admin, guest):
    issued = invite(world, role="admin", actor=admin.user)
    _removed(world, admin)

    renewed = invitations.renew(
        world.workspace,
        issued.invitation.key,
        mail=MailState.NONE,
        actor=world.owner,
        now=timezone.now(),
    )

    acceptance.accept(renewed.token, user=guest, now=timezone.now())

    assert is_in(world, guest)


def test_an_owner_who_became_an_admin_still_makes_admins(world, admin, guest):
    issued = invite(world, role="admin")
    memberships.transfer_ownership(
        world.workspace, admin.key, actor=world.owner, now=NOW
    )

    accepted = acceptance.accept(issued.token, user=guest, now=timezone.now())

    assert accepted.role == "admin"


def test_the_list_says_that_it_does_not_count(world, admin, signed_in):
    invite(world, role="viewer", actor=admin.user)
    counting = signed_in(world.owner).get(MEMBERS).content.decode()
    _removed(world, admin)

    html = signed_in(world.owner).get(MEMBERS).content.decode()

    assert "Não vale" not in counting
    assert "Não vale" in html
    assert "Quem enviou não pode mais convidar" in html


# --- by somebody who was removed, or left --------------------------------------------
@pytest.fixture
def issued(world):
    return invite(world)


def _is_removed(world, member):
    memberships.remove(
        world.workspace, member.key, actor=world.owner, now=timezone.now()
    )


def _leaves(world, member):
    memberships.leave(world.workspace, actor=member.user, now=timezone.now())


@pytest.mark.parametrize("go", [_is_removed, _leaves])
def test_an_older_invitation_does_not_bring_back_who_went(
    world, issued, guest, signed_in, go
):
    go(world, make.membership(world.workspace, guest))  # by a sign-in rule, say

    page = signed_in(guest).get(path_of(issued))
    posted = signed_in(guest).post(path_of(issued))

    assert page.status_code == posted.status_code == 410
    assert "Este convite não vale mais" in page.content.decode()
    assert "Padaria" not in page.content.decode()
    assert not is_in(world, guest)
    assert refusals(world) == ["departed"]


def test_sent_again_it_brings_back_who_was_removed(world, issued, guest):
    _is_removed(world, make.membership(world.workspace, guest))

    renewed = invitations.renew(
        world.workspace,
        issued.invitation.key,
        mail=MailState.NONE,
        actor=world.owner,
        now=timezone.now(),
    )
    acceptance.accept(renewed.token, user=guest, now=timezone.now())

    assert is_in(world, guest)


def test_who_came_back_meanwhile_is_not_told_that_they_went(world, guest, signed_in):
    first = invite(world)
    _is_removed(world, make.membership(world.workspace, guest))
    make.membership(world.workspace, guest, role="viewer")  # an operator added them

    accepted = acceptance.accept(first.token, user=guest, now=timezone.now())

    assert accepted.role == "viewer"


# --- two at once ------------------------------------------------------------------
@pytest.mark.django_db(transaction=True)
def test_taken_up_twice_at_once_it_counts_once(world):
    guest = make.proven(make.user(email="convidada@example.com"))
    issued = invite(world)
    gate = Barrier(2)

    def take_up():
        try:
            gate.wait(10)
            acceptance.accept(issued.token, user=guest, now=timezone.now())
        except Refused as refused:
            return refused.why
        finally:
            connection.close()
        return "in"

    with ThreadPoolExecutor(2) as pool:
        tries = [pool.submit(take_up) for _ in range(2)]

    assert sorted(one.result() for one in tries) == ["in", "used"]
    assert [name for name, _ in audited(world)].count("invitation.accepted") == 1


@pytest.mark.django_db(transaction=True)
def test_a_revocation_and_an_acceptance_at_once_do_not_both_happen(world):
    guest = make.proven(make.user(email="convidada@example.com"))
    for _ in range(5):
        issued = invite(world)
        gate = Barrier(2)

        def accept(issued=issued, gate=gate):
            try:
                gate.wait(10)
                acceptance.accept(issued.token, user=guest, now=timezone.now())
            except Refused:
                return "refused"
            finally:
                connection.close()
            return "in"

        def revoke(issued=issued, gate=gate):
            try:
                gate.wait(10)
                with workspace_transaction(world.workspace.pk):
                    invitations.revoke(
                        world.workspace,
                        issued.invitation.key,
                        actor=world.owner,
                        now=timezone.now(),
                    )
            except invitations.InvitationGone:
                return "gone"
            finally:
                connection.close()
            return "revoked"

        with ThreadPoolExecutor(2) as pool:
            first, second = pool.submit(accept), pool.submit(revoke)
        assert (first.result(), second.result()) in {
            ("in", "gone"),
            ("refused", "revoked"),
        }
        assert is_in(world, guest) == (first.result() == "in")
        Membership.objects.for_workspace(world.workspace).filter(user=guest).delete()


@pytest.mark.django_db(transaction=True)
def test_a_removal_and_an_acceptance_at_once_happen_in_turn(world):
    """Whoever was first decides: removed first, the invitation counts for nothing."""
    admin = make.membership(
        world.workspace, make.user(email="admin@example.com"), role="admin"
    )
    guest = make.proven(make.user(email="convidada@example.com"))
    issued = invite(world, role="admin", actor=admin.user)
    gate = Barrier(2)

    def at_once(act):
        try:
            gate.wait(10)
            act()
        except Refused as refused:
            return refused.why
        finally:
            connection.close()
        return "done"

    with ThreadPoolExecutor(2) as pool:
        acts = (
            lambda: acceptance.accept(issued.token, user=guest, now=timezone.now()),
            lambda: _removed_in_its_workspace(world, admin),
        )
        tries = [pool.submit(at_once, act) for act in acts]
    accepted, removed = [one.result() for one in tries]

    names = [name for name, _ in audited(world)]
    assert removed == "done"
    if accepted == "done":
        assert names.index("invitation.accepted") < names.index("member.removed")
    else:
        assert accepted == "inviter"
        assert not is_in(world, guest)
