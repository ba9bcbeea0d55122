"""Making invitations: for whom, with what link, and in the settings."""

import re
from datetime import timedelta

import pytest
from django.core import mail
from django.utils import timezone

from accounts import digests
from accounts.models import Invitation, MailState
from accounts.services import acceptance, additions, invitations
from accounts.services.acceptance import Refused, Why
from accounts.services.invitations import InvitationInvalid
from accounts.services.memberships import NotAllowed
from tests.accounts.inviting import audited, invite, path_of
from tests.factories import accounts as make

NOW = timezone.now()
MEMBERS = "/w/padaria/settings/members/"
INVITE = f"{MEMBERS}invite/"


@pytest.fixture
def issued(world):
    return invite(world)


@pytest.fixture
def guest(db):
    return make.proven(make.user(email="convidada@example.com", name="Helena"))


# --- making one -----------------------------------------------------------------
def test_only_the_hash_of_the_token_is_kept(world):
    issued = invite(world, email="  Convidada@Example.COM ")

    row = Invitation.objects.for_workspace(world.workspace).get()
    assert row.email == "convidada@example.com"
    assert len(issued.token) == 43
    assert bytes(row.token_hash) == digests.of_token(issued.token)
    assert row.expires_at - row.created_at == timedelta(days=7)
    assert issued.token not in repr(issued)
    assert audited(world) == [
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
    invite(world, email="ja@example.com")

    with pytest.raises(InvitationInvalid) as invalid:
        invite(world, email=email)

    assert invalid.value.code == code
    assert Invitation.objects.for_workspace(world.workspace).count() == 1


def test_there_is_an_end_to_open_invitations(world, monkeypatch):
    monkeypatch.setattr(invitations, "MOST_OPEN", 1)
    invite(world, email="um@example.com")

    with pytest.raises(InvitationInvalid) as invalid:
        invite(world, email="dois@example.com")

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
        invite(world, role=role)


def test_an_agent_and_an_outsider_invite_nobody(world):
    for actor in (world.agent, world.outsider):
        with pytest.raises(NotAllowed):
            invite(world, actor=actor)


def test_one_that_ran_out_is_taken_up_again(world):
    old = invite(world, now=NOW - timedelta(days=8))

    new = invite(world, role="viewer")

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
    assert signed_in(guest).post(path_of(issued)).status_code == 410
    assert [name for name, _ in audited(world)].count("invitation.revoked") == 1


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
