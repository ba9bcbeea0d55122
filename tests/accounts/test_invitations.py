"""Invitations: by right, once, in time, for that address; in the settings and by link."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.core import mail
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts import digests
from accounts.models import AuditEvent, Invitation, MailState, Membership
from accounts.scoping import workspace_transaction
from accounts.services import acceptance, additions, invitations, memberships
from accounts.services.acceptance import Refused, Why
from accounts.services.invitations import InvitationInvalid
from accounts.services.memberships import NotAllowed
from tests.factories import accounts as make

NOW = timezone.now()
MEMBERS = "/w/padaria/settings/members/"
INVITE = f"{MEMBERS}invite/"


def _invite(world, email="convidada@example.com", role="agent", **changed):
    values = {
        "workspace": world.workspace,
        "email": email,
        "role": role,
        "mail": MailState.NONE,
        "actor": world.owner,
        "now": timezone.now(),
    } | changed
    return invitations.invite(**values)


@pytest.fixture
def issued(world):
    return _invite(world)


@pytest.fixture
def guest(db):
    return make.proven(make.user(email="convidada@example.com", name="Helena"))


def _audited(world):
    events = AuditEvent.objects.for_workspace(world.workspace).order_by("sequence")
    return [(one.action, one.details) for one in events]


def _refusals(world):
    return [
        told["why"] for name, told in _audited(world) if name == "invitation.refused"
    ]


def _is_in(world, user):
    return Membership.objects.for_workspace(world.workspace).filter(user=user).exists()


def _path(issued):
    return f"/invitations/{issued.token}/"


# --- making one -----------------------------------------------------------------
def test_only_the_hash_of_the_token_is_kept(world):
    issued = _invite(world, email="  Convidada@Example.COM ")

    row = Invitation.objects.for_workspace(world.workspace).get()
    assert row.email == "convidada@example.com"
    assert len(issued.token) == 43
    assert bytes(row.token_hash) == digests.of_token(issued.token)
    assert row.expires_at - row.created_at == timedelta(days=7)
    assert issued.token not in repr(issued)
    assert _audited(world) == [
        ("invitation.created", {"email": "convidada@example.com", "role": "agent"})
    ]


@pytest.mark.parametrize(
    ("email", "code"),
    [
        ("nobody", "invalid"),
        ("a" * 250 + "@example.com", "invalid"),
        ("l\u0131a@example.com", "not_ascii"),
        ("\u212aate@example.com", "not_ascii"),
        ("ana@a\u00e7ai.example", "not_ascii"),
        ("agent@example.com", "member"),
        ("ja@example.com", "invited"),
    ],
)
def test_who_cannot_be_invited_is_refused_with_the_reason(world, email, code):
    _invite(world, email="ja@example.com")

    with pytest.raises(InvitationInvalid) as invalid:
        _invite(world, email=email)

    assert invalid.value.code == code
    assert Invitation.objects.for_workspace(world.workspace).count() == 1


def test_there_is_an_end_to_open_invitations(world, monkeypatch):
    monkeypatch.setattr(invitations, "MOST_OPEN", 1)
    _invite(world, email="um@example.com")

    with pytest.raises(InvitationInvalid) as invalid:
        _invite(world, email="dois@example.com")

    assert invalid.value.code == "too_many"


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("pt-br", "O endereço só pode ter as letras de a a z sem acento"),
        ("en", "An address may hold only the letters a to z without accents"),
    ],
)
def test_an_address_with_other_letters_is_refused_with_a_sentence(
    world, signed_in, language, words
):
    world.owner.language = language
    world.owner.save()

    page = signed_in(world.owner).post(
        INVITE, {"email": "l\u0131a@example.com", "role": "agent"}
    )

    assert words in page.content.decode()
    assert not Invitation.objects.for_workspace(world.workspace).exists()


@pytest.mark.parametrize("role", ["owner", "king"])
def test_nobody_is_invited_as_owner(world, role):
    with pytest.raises(NotAllowed):
        _invite(world, role=role)


def test_an_agent_and_an_outsider_invite_nobody(world):
    for actor in (world.agent, world.outsider):
        with pytest.raises(NotAllowed):
            _invite(world, actor=actor)


def test_one_that_ran_out_is_taken_up_again(world):
    old = _invite(world, now=NOW - timedelta(days=8))

    new = _invite(world, role="viewer")

    assert new.invitation.pk == old.invitation.pk
    assert new.invitation.role == "viewer"
    assert acceptance.find(old.token) is None
    assert acceptance.find(new.token) == new.invitation


def test_a_renewed_one_has_a_new_link_and_the_old_one_ends(world, issued, guest):
    fresh = invitations.renew(
        world.workspace,
        issued.invitation.key,
        mail=MailState.NONE,
        actor=world.owner,
        now=timezone.now(),
    )

    with pytest.raises(Refused) as refused:
        acceptance.accept(issued.token, user=guest, now=timezone.now())
    assert refused.value.why == Why.UNKNOWN
    assert (
        acceptance.accept(fresh.token, user=guest, now=timezone.now()).role == "agent"
    )


# --- taking it up ---------------------------------------------------------------
def test_the_invited_join_by_one_post_and_never_by_opening(
    world, issued, guest, signed_in
):
    client = signed_in(guest)

    page = client.get(_path(issued))
    assert page.status_code == 200
    assert "Participar de <bdi>Padaria</bdi>" in page.content.decode()
    assert not _is_in(world, guest)
    done = client.post(_path(issued), follow=True)

    assert done.redirect_chain == [("/w/padaria/", 302)]
    assert "Boas-vindas a Padaria." in done.content.decode()
    row = Invitation.objects.for_workspace(world.workspace).get()
    assert (row.accepted_by, row.accepted_at is None) == (guest, False)
    assert _audited(world)[-1] == (
        "invitation.accepted",
        {"email": "convidada@example.com", "role": "agent", "was_member": False},
    )


def test_pressing_twice_and_coming_back_lead_into_the_workspace(
    world, issued, guest, signed_in
):
    client = signed_in(guest)
    client.post(_path(issued))

    again = client.post(_path(issued))
    by_link = client.get(_path(issued))

    assert again.headers["Location"] == by_link.headers["Location"] == "/w/padaria/"
    rows = Membership.objects.for_workspace(world.workspace).filter(user=guest)
    assert rows.count() == 1


def test_who_is_a_member_already_keeps_their_role(world, guest):
    issued = _invite(world, role="viewer")
    make.membership(world.workspace, guest, role="admin")

    membership = acceptance.accept(issued.token, user=guest, now=timezone.now())

    assert membership.role == "admin"


def test_signed_out_people_go_to_the_sign_in_and_come_back(world, issued):
    client = Client()

    page = client.get(_path(issued)).content.decode()
    posted = client.post(_path(issued))

    assert f"/account/login/?next=%2Finvitations%2F{issued.token}%2F" in page
    assert "convidada@example.com" in page
    assert posted.headers["Location"] == f"/account/login/?next={_path(issued)}"
    assert not Invitation.objects.for_workspace(world.workspace).get().accepted_at


def test_signing_in_comes_back_to_the_invitation(world, issued, guest):
    client = Client()

    done = client.post(
        f"/account/login/?next={_path(issued)}",
        {"login": guest.email, "password": "senha-de-teste"},
    )

    assert done.headers["Location"] == _path(issued)


# --- refused: a page that says so, and an entry -----------------------------------
def test_another_address_is_told_and_may_switch(world, issued, signed_in):
    client = signed_in(world.outsider)

    page = client.get(_path(issued))
    posted = client.post(_path(issued))
    out = client.post("/account/logout/", {"next": _path(issued)})

    assert page.status_code == posted.status_code == 403
    html = page.content.decode()
    assert "outsider@example.com" in html
    assert "Trocar de conta" in html
    assert not _is_in(world, world.outsider)
    assert _refusals(world) == ["other_address"]
    assert out.headers["Location"] == _path(issued)
    assert "Entrar" in client.get(_path(issued)).content.decode()


def test_an_address_that_nothing_proves_does_not_count(world, issued, signed_in):
    pretender = make.user(email="convidada@example.com")

    page = signed_in(pretender).post(_path(issued))

    assert page.status_code == 403
    assert "Nada prova ainda" in page.content.decode()
    assert not _is_in(world, pretender)
    assert _refusals(world) == ["unproven"]


@pytest.mark.parametrize(
    ("invited", "lookalike"),
    [
        ("lia@example.com", "l\u0131a@example.com"),  # a dotless i
        ("sam@example.com", "\u017fam@example.com"),  # a long s
        ("kate@example.com", "\u212aate@example.com"),  # the sign of the kelvin
    ],
)
def test_an_address_that_only_looks_alike_takes_nothing_up(
    world, signed_in, invited, lookalike
):
    issued = _invite(world, email=invited)
    person = make.proven(make.user(email="outra@example.com"), lookalike)

    page = signed_in(person).post(_path(issued))

    assert page.status_code == 403
    assert not _is_in(world, person)
    assert _refusals(world) == ["other_address"]


def test_a_second_proven_address_of_theirs_counts(world, issued, signed_in):
    person = make.proven(make.user(email="outra@example.com"), "convidada@example.com")

    signed_in(person).post(_path(issued))

    assert _is_in(world, person)


@pytest.mark.parametrize(
    ("change", "why", "words"),
    [
        ({"expires_at": NOW - timedelta(seconds=1)}, "expired", "Este convite venceu"),
        ({"revoked_at": NOW}, "revoked", "Este convite foi revogado"),
        ({"accepted_at": NOW}, "used", "Este convite já foi usado"),
    ],
)
def test_what_does_not_hold_any_more_says_what_to_do_and_nothing_else(
    world, issued, guest, signed_in, change, why, words
):
    Invitation.objects.for_workspace(world.workspace).update(**change)

    for client in (Client(), signed_in(guest)):
        page = client.get(_path(issued))
        html = page.content.decode()
        assert page.status_code == 410
        assert words in html
        assert "Padaria" not in html
        assert "convidada@" not in html
    posted = signed_in(guest).post(_path(issued))

    assert posted.status_code == 410
    assert not _is_in(world, guest)
    assert _refusals(world) == [why]


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
    issued = _invite(world, role=role, actor=admin.user)

    end(world, admin)
    page = signed_in(guest).get(_path(issued))
    posted = signed_in(guest).post(_path(issued))

    assert page.status_code == posted.status_code == 410
    assert "Este convite não vale mais" in page.content.decode()
    assert "Padaria" not in page.content.decode()
    assert not _is_in(world, guest)
    assert _refusals(world) == ["inviter"]


def test_it_counts_once_more_when_somebody_who_may_sends_it_again(world, admin, guest):
    issued = _invite(world, role="admin", actor=admin.user)
    _removed(world, admin)

    renewed = invitations.renew(
        world.workspace,
        issued.invitation.key,
        mail=MailState.NONE,
        actor=world.owner,
        now=timezone.now(),
    )

    acceptance.accept(renewed.token, user=guest, now=timezone.now())

    assert _is_in(world, guest)


def test_an_owner_who_became_an_admin_still_makes_admins(world, admin, guest):
    issued = _invite(world, role="admin")
    memberships.transfer_ownership(
        world.workspace, admin.key, actor=world.owner, now=NOW
    )

    accepted = acceptance.accept(issued.token, user=guest, now=timezone.now())

    assert accepted.role == "admin"


def test_the_list_says_that_it_does_not_count(world, admin, signed_in):
    _invite(world, role="viewer", actor=admin.user)
    counting = signed_in(world.owner).get(MEMBERS).content.decode()
    _removed(world, admin)

    html = signed_in(world.owner).get(MEMBERS).content.decode()

    assert "Não vale" not in counting
    assert "Não vale" in html
    assert "Quem enviou não pode mais convidar" in html


# --- by somebody who was removed, or left --------------------------------------------
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

    page = signed_in(guest).get(_path(issued))
    posted = signed_in(guest).post(_path(issued))

    assert page.status_code == posted.status_code == 410
    assert "Este convite não vale mais" in page.content.decode()
    assert "Padaria" not in page.content.decode()
    assert not _is_in(world, guest)
    assert _refusals(world) == ["departed"]


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

    assert _is_in(world, guest)


def test_who_came_back_meanwhile_is_not_told_that_they_went(world, guest, signed_in):
    first = _invite(world)
    _is_removed(world, make.membership(world.workspace, guest))
    make.membership(world.workspace, guest, role="viewer")  # an operator added them

    accepted = acceptance.accept(first.token, user=guest, now=timezone.now())

    assert accepted.role == "viewer"


@pytest.mark.parametrize("token", ["x", "a" * 43, "%00", "..", "a" * 5000])
def test_an_unknown_link_tells_nothing(world, signed_in, guest, token):
    for client in (Client(), signed_in(guest)):
        page = client.get(f"/invitations/{token}/")
        assert page.status_code == 404
    assert _audited(world) == []


def test_a_link_opened_again_and_again_does_not_fill_the_log(world, issued, guest):
    Invitation.objects.for_workspace(world.workspace).update(revoked_at=NOW)

    for _ in range(5):
        Client().get(_path(issued))

    assert _refusals(world) == ["revoked"]
    Invitation.objects.for_workspace(world.workspace).update(
        refused_at=timezone.now() - timedelta(minutes=11)
    )
    Client().get(_path(issued))
    assert _refusals(world) == ["revoked", "revoked"]


@pytest.mark.django_db(transaction=True)
def test_taken_up_twice_at_once_it_counts_once(world):
    guest = make.proven(make.user(email="convidada@example.com"))
    issued = _invite(world)
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
    assert [name for name, _ in _audited(world)].count("invitation.accepted") == 1


@pytest.mark.django_db(transaction=True)
def test_a_revocation_and_an_acceptance_at_once_do_not_both_happen(world):
    guest = make.proven(make.user(email="convidada@example.com"))
    for _ in range(5):
        issued = _invite(world)
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
        assert _is_in(world, guest) == (first.result() == "in")
        Membership.objects.for_workspace(world.workspace).filter(user=guest).delete()


# --- the pages of the settings ----------------------------------------------------
def test_without_a_mail_server_the_link_is_shown_once(world, signed_in, guest):
    client = signed_in(world.owner)

    page = client.post(INVITE, {"email": "convidada@example.com", "role": "agent"})

    html = page.content.decode()
    (token,) = set(re.findall(r"/invitations/([\w-]{43})/", html))
    assert "não tem servidor de e-mail" in html
    assert "no-store" in page.headers["Cache-Control"]
    assert mail.outbox == []
    assert token not in client.get(MEMBERS).content.decode()
    assert signed_in(guest).post(f"/invitations/{token}/").status_code == 302


@pytest.mark.parametrize(
    ("language", "words"), [("pt-br", "convidou você"), ("en", "invites you")]
)
def test_with_a_mail_server_it_is_sent_in_the_workspaces_language(
    world, signed_in, settings, django_capture_on_commit_callbacks, language, words
):
    settings.EMAIL_HOST = "mail.example.com"
    world.workspace.language = language
    world.workspace.save()
    world.owner.language, world.owner.name = "en", "Marina Duarte\nBcc: x@example.com"
    world.owner.save()

    with django_capture_on_commit_callbacks(execute=True):
        done = signed_in(world.owner).post(
            INVITE, {"email": "convidada@example.com", "role": "agent"}
        )

    (message,) = mail.outbox
    assert done.headers["Location"] == MEMBERS
    assert message.to == ["convidada@example.com"]
    assert words in message.subject
    assert "\n" not in message.subject
    assert re.search(r"http://\S+/invitations/[\w-]{43}/\n", str(message.body))
    assert Invitation.objects.for_workspace(world.workspace).get().mail == "sent"


def test_a_mail_that_does_not_leave_is_told_in_the_list(
    world, signed_in, settings, django_capture_on_commit_callbacks
):
    settings.EMAIL_HOST = "127.0.0.1"
    settings.EMAIL_PORT = 9
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    client = signed_in(world.owner)

    with django_capture_on_commit_callbacks(execute=True):
        client.post(INVITE, {"email": "convidada@example.com", "role": "agent"})

    html = client.get(MEMBERS).content.decode()
    assert "O e-mail não pôde ser enviado" in html
    assert "Novo link" in html


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        ({"email": "", "role": "agent"}, "id_email_error"),
        ({"email": "agent@example.com", "role": "agent"}, "Esta pessoa já é membro"),
        ({"email": "a@example.com", "role": "owner"}, "id_role_error"),
    ],
)
def test_a_wrong_form_says_so_at_the_field(world, signed_in, sent, words):
    page = signed_in(world.owner).post(INVITE, sent)

    assert page.status_code == 200
    assert words in page.content.decode()
    assert not Invitation.objects.for_workspace(world.workspace).exists()


def test_revoking_asks_first_and_ends_the_link(world, issued, signed_in, guest):
    client = signed_in(world.owner)
    address = f"/w/padaria/settings/invitations/{issued.invitation.key}/revoke/"

    asked = client.get(address)
    assert "convidada@<wbr>example.com" in asked.content.decode()
    done = client.post(address, follow=True)
    again = client.post(address, follow=True)

    assert "foi revogado" in done.content.decode()
    assert "aceito ou revogado" in again.content.decode()
    assert signed_in(guest).post(_path(issued)).status_code == 410
    assert [name for name, _ in _audited(world)].count("invitation.revoked") == 1


def test_a_new_link_to_copy_replaces_the_old_one(world, issued, signed_in, settings):
    settings.EMAIL_HOST = "mail.example.com"
    address = f"/w/padaria/settings/invitations/{issued.invitation.key}/renew/"

    page = signed_in(world.owner).post(address, {"as_link": "1"})

    assert re.search(r"/invitations/[\w-]{43}/", page.content.decode())
    assert acceptance.find(issued.token) is None
    assert mail.outbox == []


@pytest.mark.parametrize("act", ["renew", "revoke"])
def test_invitations_of_another_workspace_are_out_of_reach(
    world, issued, signed_in, act
):
    address = f"/w/oficina/settings/invitations/{issued.invitation.key}/{act}/"

    signed_in(world.outsider).post(address)

    row = Invitation.objects.for_workspace(world.workspace).get()
    assert row.revoked_at is None
    assert acceptance.find(issued.token) == row


@pytest.mark.parametrize("role", ["agent", "viewer"])
def test_only_who_manages_members_sees_and_changes_invitations(
    world, issued, signed_in, role
):
    person = make.user(email="p@example.com")
    make.membership(world.workspace, person, role=role)
    client = signed_in(person)
    key = issued.invitation.key

    assert "convidada@example.com" not in client.get(MEMBERS).content.decode()
    assert client.get(INVITE).status_code == 403
    for act in ("renew", "revoke"):
        address = f"/w/padaria/settings/invitations/{key}/{act}/"
        assert client.post(address).status_code == 403
    assert (
        client.post(INVITE, {"email": "x@example.com", "role": "agent"}).status_code
        == 403
    )


def test_whoever_an_operator_adds_has_a_proven_address(world):
    from accounts import selectors

    added = additions.add_member(
        workspace=world.workspace, email="nova@example.com", role="agent", now=NOW
    )

    assert selectors.has_proven(added.membership.user, "NOVA@example.com")
    assert not selectors.has_proven(world.agent, "nova@example.com")


@pytest.mark.django_db(transaction=True)
def test_a_removal_and_an_acceptance_at_once_happen_in_turn(world):
    """Whoever was first decides: removed first, the invitation counts for nothing."""
    admin = make.membership(
        world.workspace, make.user(email="admin@example.com"), role="admin"
    )
    guest = make.proven(make.user(email="convidada@example.com"))
    issued = _invite(world, role="admin", actor=admin.user)
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

    names = [name for name, _ in _audited(world)]
    assert removed == "done"
    if accepted == "done":
        assert names.index("invitation.accepted") < names.index("member.removed")
    else:
        assert accepted == "inviter"
        assert not _is_in(world, guest)
