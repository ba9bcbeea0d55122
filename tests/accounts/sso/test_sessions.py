"""How long a browser session lasts, what ends it, and who sees it."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from accounts.models import BrowserSession, Membership, SessionEnd, User
from accounts.sso import standing
from tests.accounts.sso.conftest import Walker
from tests.factories import accounts as make

pytestmark = pytest.mark.django_db
HERE = "/account/sessions/"


def _opens(client):
    return client.get(HERE).status_code


# --- limits ---------------------------------------------------------------------
@pytest.mark.parametrize(
    ("change", "end"),
    [
        ({"last_seen_at": timedelta(hours=169)}, SessionEnd.IDLE),
        ({"started_at": timedelta(days=31)}, SessionEnd.TOO_OLD),
    ],
)
def test_a_session_ends_at_its_limits(world, signed_in, change, end):
    client = signed_in(world.agent)
    [(name, ago)] = change.items()
    BrowserSession.objects.update(**{name: timezone.now() - ago})

    answer = client.get("/w/padaria/")

    assert answer.headers["Location"] == "/account/login/?next=/w/padaria/"
    assert BrowserSession.objects.get().end == end


def test_passwords_switched_off_end_the_sessions_that_came_by_one(
    world, walker, signed_in, settings
):
    by_password = signed_in(world.agent)
    walker.sign_in()
    key = by_password.session.session_key
    settings.PASSWORD_SIGNIN = False

    assert standing.find_listener(key, now=timezone.now()) is None
    answer = by_password.get("/w/padaria/")
    page = by_password.get(answer.headers["Location"]).content.decode()

    assert answer.headers["Location"] == "/account/login/?next=/w/padaria/"
    assert "A entrada com senha foi desativada aqui." in page
    assert BrowserSession.objects.get(user=world.agent).end == SessionEnd.REVOKED
    assert walker.is_signed_in()


def test_pages_that_ask_by_themselves_do_not_keep_a_session_alive(world, signed_in):
    client = signed_in(world.agent)
    earlier = timezone.now() - timedelta(hours=1)
    BrowserSession.objects.update(last_seen_at=earlier)

    client.get("/w/padaria/conversations/", headers={"HX-Request": "true"})
    assert BrowserSession.objects.get().last_seen_at == earlier

    client.get("/w/padaria/conversations/")
    assert BrowserSession.objects.get().last_seen_at > earlier


def test_a_session_that_nobody_began_is_nobodys(world, signed_in):
    client = signed_in(world.agent)
    session = client.session
    del session["browser_session"]
    session.save()

    assert client.get("/w/padaria/").status_code == 302


def test_the_row_of_another_person_does_not_do(world, signed_in):
    client, other = signed_in(world.agent), signed_in(world.owner)
    session = client.session
    session["browser_session"] = other.session["browser_session"]
    session.save()

    assert client.get("/w/padaria/").status_code == 302


# --- the person's own page --------------------------------------------------------
def test_a_person_sees_their_sessions_and_ends_one_or_all_others(world, signed_in):
    chrome = "Mozilla/5.0 (Windows NT 10.0) Chrome/126.0 Safari/537.36"
    here, there, third = (signed_in(world.agent) for _ in range(3))
    signed_in(world.owner)
    rows = BrowserSession.objects.filter(user=world.agent).order_by("pk")
    BrowserSession.objects.filter(pk=rows[1].pk).update(user_agent=chrome)

    page = here.get(HERE).content.decode()
    here.post("/account/sessions/end/", {"key": str(rows[1].key)})

    assert "Chrome · Windows" in page
    assert page.count('<li class="session">') == 3
    assert (_opens(here), _opens(there), _opens(third)) == (200, 302, 200)

    here.post("/account/sessions/end/")

    assert (_opens(here), _opens(third)) == (200, 302)
    assert BrowserSession.objects.get(user=world.owner).ended_at is None


def test_times_are_those_of_the_persons_workspace(world, signed_in, settings):
    settings.SESSION_MAX_DAYS = 3650
    here = signed_in(world.agent)
    night = datetime(2026, 3, 10, 1, 30, tzinfo=UTC)  # in São Paulo it is the 9th
    BrowserSession.objects.update(started_at=night)

    page = here.get(HERE).content.decode()

    assert "desde 09/03/2026" in page
    assert 'title="09/03/2026 22:30:00 UTC-03:00"' in page


def _change_password(client):
    new = "outra-senha-de-teste"
    form = {"oldpassword": "senha-de-teste", "password1": new, "password2": new}
    client.post("/account/password/change/", form)


def _reset_password(client):
    new = "outra-senha-de-teste"
    client.post("/account/password/reset/", {"email": "agent@example.com"})
    [link] = re.findall(r"/account/password/reset/key/\S+", str(mail.outbox[-1].body))
    page = client.get(link, follow=True)
    client.post(page.request["PATH_INFO"], {"password1": new, "password2": new})


@pytest.mark.parametrize(
    ("choose", "left"), [(_change_password, 1), (_reset_password, 0)]
)
def test_a_new_password_ends_the_sessions_that_it_shuts_out(
    world, signed_in, settings, choose, left
):
    settings.EMAIL_HOST = "mail.example.com"
    here, there = signed_in(world.agent), signed_in(world.agent)
    signed_in(world.owner)

    choose(here)

    ended = BrowserSession.objects.filter(user=world.agent).exclude(ended_at=None)
    assert [one.end for one in ended] == [SessionEnd.REVOKED] * (2 - left)
    assert (_opens(here), _opens(there)) == (200 if left else 302, 302)
    assert BrowserSession.objects.get(user=world.owner).ended_at is None


def test_a_new_password_gives_the_tokens_of_other_browsers_back(
    idp, django_capture_on_commit_callbacks
):
    Walker(idp).sign_in()
    user = User.objects.get()
    user.set_password("senha-de-teste")  # they had it before the server knew them
    user.save()
    BrowserSession.objects.all().delete()
    here, there = Walker(idp), Walker(idp)
    here.sign_in()
    idp.refresh_token = "refresh-there"
    there.sign_in()

    with django_capture_on_commit_callbacks(execute=True):
        _change_password(here.client)

    assert idp.revoked == ["refresh-there"]
    assert here.is_signed_in()
    assert not there.is_signed_in()


def test_a_person_sees_who_tried_their_password(world, signed_in):
    door = {"login": "agent@example.com", "password": "senha-de-teste"}
    Client().post("/account/login/", door | {"password": "errada"})
    client = Client()
    client.post("/account/login/", door)

    page = client.get(HERE).content.decode()
    of_another = signed_in(world.owner).get(HERE).content.decode()

    assert "Senha errada" in page
    assert "Entrou com uma senha" in page
    assert "Senha errada" not in of_another


def test_nobody_ends_the_session_of_another(world, signed_in):
    client, theirs = signed_in(world.agent), signed_in(world.owner)
    key = BrowserSession.objects.get(user=world.owner).key

    foreign = client.post("/account/sessions/end/", {"key": str(key)})
    missing = client.post("/account/sessions/end/", {"key": "nonsense"})

    assert (foreign.status_code, missing.status_code) == (404, 404)
    assert _opens(theirs) == 200


def test_signing_out_by_a_form_ends_the_row(world, signed_in):
    client = signed_in(world.agent)

    client.post("/account/logout/")

    assert BrowserSession.objects.get().end == SessionEnd.SIGNED_OUT


# --- losing access ----------------------------------------------------------------
def test_a_removed_member_loses_access_at_the_next_request(world, signed_in):
    client = signed_in(world.agent)
    assert client.get("/w/padaria/").status_code == 200

    Membership.objects.for_workspace(world.workspace).filter(user=world.agent).delete()

    assert client.get("/w/padaria/").status_code == 404


def test_somebody_switched_off_loses_access_at_the_next_request(world, signed_in):
    client = signed_in(world.agent)
    assert client.get("/w/padaria/").status_code == 200

    User.objects.filter(pk=world.agent.pk).update(is_active=False)

    assert client.get("/w/padaria/").status_code == 302


def test_a_changed_role_counts_at_the_next_request(world, signed_in):
    client = signed_in(world.agent)
    url = "/w/padaria/settings/sign-in/"
    assert client.get(url).status_code == 403

    Membership.objects.for_workspace(world.workspace).filter(user=world.agent).update(
        role="admin"
    )

    assert client.get(url).status_code == 200


# --- upkeep ---------------------------------------------------------------------
def test_old_ended_sessions_are_forgotten(world):
    for _ in range(25):
        client = Client()
        client.force_login(world.agent)
        client.post("/account/logout/")
    make.user(email="other@example.com")

    assert BrowserSession.objects.count() <= 21
