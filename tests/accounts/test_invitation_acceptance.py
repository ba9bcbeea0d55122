"""Taking an invitation up: once, in time, and for that address."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Invitation, Membership
from accounts.services import acceptance
from tests.accounts.inviting import audited, invite, is_in, path_of, refusals
from tests.factories import accounts as make

NOW = timezone.now()


@pytest.fixture
def issued(world):
    return invite(world)


@pytest.fixture
def guest(db):
    return make.proven(make.user(email="convidada@example.com", name="Helena"))


# --- taking it up ---------------------------------------------------------------
def test_the_invited_join_by_one_post_and_never_by_opening(
    world, issued, guest, signed_in
):
    client = signed_in(guest)

    page = client.get(path_of(issued))
    assert page.status_code == 200
    assert "Participar de <bdi>Padaria</bdi>" in page.content.decode()
    assert not is_in(world, guest)
    done = client.post(path_of(issued), follow=True)

    assert done.redirect_chain == [("/w/padaria/", 302)]
    assert "Boas-vindas a Padaria." in done.content.decode()
    row = Invitation.objects.for_workspace(world.workspace).get()
    assert (row.accepted_by, row.accepted_at is None) == (guest, False)
    assert audited(world)[-1] == (
        "invitation.accepted",
        {"email": "convidada@example.com", "role": "agent", "was_member": False},
    )


def test_pressing_twice_and_coming_back_lead_into_the_workspace(
    world, issued, guest, signed_in
):
    client = signed_in(guest)
    client.post(path_of(issued))

    again = client.post(path_of(issued))
    by_link = client.get(path_of(issued))

    assert again.headers["Location"] == by_link.headers["Location"] == "/w/padaria/"
    rows = Membership.objects.for_workspace(world.workspace).filter(user=guest)
    assert rows.count() == 1


def test_who_is_a_member_already_keeps_their_role(world, guest):
    issued = invite(world, role="viewer")
    make.membership(world.workspace, guest, role="admin")

    membership = acceptance.accept(issued.token, user=guest, now=timezone.now())

    assert membership.role == "admin"


def test_signed_out_people_go_to_the_sign_in_and_come_back(world, issued):
    client = Client()

    page = client.get(path_of(issued)).content.decode()
    posted = client.post(path_of(issued))

    assert f"/account/login/?next=%2Finvitations%2F{issued.token}%2F" in page
    assert "convidada@example.com" in page
    assert posted.headers["Location"] == f"/account/login/?next={path_of(issued)}"
    assert not Invitation.objects.for_workspace(world.workspace).get().accepted_at


def test_signing_in_comes_back_to_the_invitation(world, issued, guest):
    client = Client()

    done = client.post(
        f"/account/login/?next={path_of(issued)}",
        {"login": guest.email, "password": "senha-de-teste"},
    )

    assert done.headers["Location"] == path_of(issued)


# --- refused: a page that says so, and an entry -----------------------------------
def test_another_address_is_told_and_may_switch(world, issued, signed_in):
    client = signed_in(world.outsider)

    page = client.get(path_of(issued))
    posted = client.post(path_of(issued))
    out = client.post("/account/logout/", {"next": path_of(issued)})

    assert page.status_code == posted.status_code == 403
    html = page.content.decode()
    assert "outsider@example.com" in html
    assert "Trocar de conta" in html
    assert not is_in(world, world.outsider)
    assert refusals(world) == ["other_address"]
    assert out.headers["Location"] == path_of(issued)
    assert "Entrar" in client.get(path_of(issued)).content.decode()


def test_an_address_that_nothing_proves_does_not_count(world, issued, signed_in):
    pretender = make.user(email="convidada@example.com")

    page = signed_in(pretender).post(path_of(issued))

    assert page.status_code == 403
    assert "Nada prova ainda" in page.content.decode()
    assert not is_in(world, pretender)
    assert refusals(world) == ["unproven"]


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
    issued = invite(world, email=invited)
    person = make.proven(make.user(email="outra@example.com"), lookalike)

    page = signed_in(person).post(path_of(issued))

    assert page.status_code == 403
    assert not is_in(world, person)
    assert refusals(world) == ["other_address"]


def test_a_second_proven_address_of_theirs_counts(world, issued, signed_in):
    person = make.proven(make.user(email="outra@example.com"), "convidada@example.com")

    signed_in(person).post(path_of(issued))

    assert is_in(world, person)


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
        page = client.get(path_of(issued))
        html = page.content.decode()
        assert page.status_code == 410
        assert words in html
        assert "Padaria" not in html
        assert "convidada@" not in html
    posted = signed_in(guest).post(path_of(issued))

    assert posted.status_code == 410
    assert not is_in(world, guest)
    assert refusals(world) == [why]


@pytest.mark.parametrize("token", ["x", "a" * 43, "%00", "..", "a" * 5000])
def test_an_unknown_link_tells_nothing(world, signed_in, guest, token):
    for client in (Client(), signed_in(guest)):
        page = client.get(f"/invitations/{token}/")
        assert page.status_code == 404
    assert audited(world) == []


def test_a_link_opened_again_and_again_does_not_fill_the_log(world, issued, guest):
    Invitation.objects.for_workspace(world.workspace).update(revoked_at=NOW)

    for _ in range(5):
        Client().get(path_of(issued))

    assert refusals(world) == ["revoked"]
    Invitation.objects.for_workspace(world.workspace).update(
        refused_at=timezone.now() - timedelta(minutes=11)
    )
    Client().get(path_of(issued))
    assert refusals(world) == ["revoked", "revoked"]
