"""Somebody who is invited and has no account makes one at the identity server."""

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from django.test import Client
from django.utils import timezone

from accounts import selectors
from accounts.models import Invitation, MailState
from accounts.services import acceptance, additions, invitations
from accounts.services.acceptance import Refused, Why
from tests.factories import accounts as make

TOKEN = "convite"
PATH = f"/invitations/{TOKEN}/"


class Central:
    """What the identity server is asked, and what it answers."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.asked: list[tuple[str, str, dict[str, str]]] = []
        self.status = 201
        self.link = f"{url}/invited/abc"
        self.sub: str | None = "sub-1"


@contextmanager
def _serving() -> Iterator[Central]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            asked = (self.path, self.headers["Authorization"], json.loads(body))
            server_told.asked.append(asked)
            told = json.dumps(
                {"url": server_told.link, "sub": server_told.sub}
            ).encode()
            self.send_response(server_told.status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(told)))
            self.end_headers()
            self.wfile.write(told)

        def log_message(self, *_args):
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        server_told = Central(f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield server_told
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def central(settings):
    with _serving() as made:
        settings.CENTRAL_URL = made.url
        settings.OAUTH = {
            "name": "Recado",
            "issuer": made.url,
            "redirect_path": "account/sso/callback/",  # read when addresses first load
            "client_id": "recado",
            "client_secret": "s:1",
        }
        settings.PUBLIC_URL = "http://recado.example"
        yield made


@pytest.fixture
def invitation(world):
    return make.invitation(world.workspace, token=TOKEN, email="nova@example.com")


def test_the_way_leads_through_the_identity_server_and_back(central, invitation):
    page = Client().get(PATH).content.decode()
    done = Client().post(f"{PATH}account/")

    assert f'action="{PATH}account/"' in page
    assert done.headers["Location"] == central.link
    [(path, authorization, told)] = central.asked
    assert path == "/api/invitations"
    assert base64.b64decode(authorization.split()[1]) == b"recado:s%3A1"
    assert told["email"] == "nova@example.com"
    assert told["return_to"] == (
        "http://recado.example/account/login/?next=%2Finvitations%2Fconvite%2F"
    )


def test_a_link_that_was_shown_is_not_said_to_have_been_mailed(central, world):
    make.invitation(world.workspace, token=TOKEN, mail=MailState.NONE)

    Client().post(f"{PATH}account/")

    assert central.asked[0][2]["mailed"] is False


@pytest.mark.parametrize("mail", [MailState.WAITING, MailState.SENT, MailState.FAILED])
def test_a_link_that_left_by_mail_alone_is_said_so(central, world, mail):
    make.invitation(world.workspace, token=TOKEN, mail=mail)

    Client().post(f"{PATH}account/")

    assert central.asked[0][2]["mailed"] is True


def test_the_account_that_is_made_from_the_link_is_remembered(central, invitation):
    Client().post(f"{PATH}account/")

    rows = Invitation.objects.for_workspace(invitation.workspace)
    assert rows.get().account_sub == "sub-1"


def test_a_server_that_names_no_account_is_told_and_leads_nowhere(central, invitation):
    central.sub = None

    assert Client().post(f"{PATH}account/").headers["Location"] == PATH


# --- taking it up -------------------------------------------------------------
@pytest.fixture
def bound(central, invitation):
    Client().post(f"{PATH}account/")
    return invitation


def came_in(central, sub="sub-1", **fields):
    """Whoever signed in there with an address that nobody proved."""
    values = {"email": "nova@example.com", "oauth_issuer": central.url, "oauth_id": sub}
    return make.user(**values | fields)


def test_the_account_made_from_the_link_takes_it_up_without_a_proven_address(
    central, bound, signed_in
):
    person = came_in(central)

    done = signed_in(person).post(PATH)

    assert done.headers["Location"] == "/w/padaria/"
    assert not selectors.has_proven(person, person.email)


@pytest.mark.parametrize(
    "fields", [{"sub": "sub-2"}, {"oauth_issuer": "https://elsewhere.example"}]
)
def test_another_account_with_that_address_does_not(central, bound, signed_in, fields):
    assert signed_in(came_in(central, **fields)).post(PATH).status_code == 403


def test_a_new_link_forgets_the_account_that_was_made_from_the_old_one(
    central, bound, world
):
    person = came_in(central)

    fresh = invitations.renew(
        world.workspace,
        bound.key,
        mail=MailState.WAITING,
        actor=world.owner,
        now=timezone.now(),
    )

    with pytest.raises(Refused) as refused:
        acceptance.accept(fresh.token, user=person, now=timezone.now())
    assert refused.value.why == Why.UNPROVEN


def test_an_operator_does_not_add_somebody_by_an_address_they_never_proved(
    central, world
):
    came_in(central)

    with pytest.raises(additions.MemberInvalid, match="invite them"):
        additions.add_member(
            workspace=world.workspace,
            email="nova@example.com",
            role="admin",
            now=timezone.now(),
        )


def test_who_has_an_account_signs_in(central, invitation):
    central.status = 409

    done = Client().post(f"{PATH}account/", follow=False)

    assert done.headers["Location"].startswith("/account/login/?next=")


@pytest.mark.parametrize(
    ("status", "link"),
    [(500, ""), (401, ""), (201, "https://elsewhere.example/invited/abc"), (200, "")],
)
def test_a_server_that_answers_otherwise_is_told_and_leads_nowhere(
    central, invitation, status, link
):
    central.status, central.link = status, link
    client = Client()

    done = client.post(f"{PATH}account/")

    assert done.headers["Location"] == PATH
    assert "não responde" in client.get(PATH).content.decode()


def test_a_link_that_leads_to_no_invitation_asks_nobody(central, world):
    assert Client().post(f"{PATH}account/").status_code == 404
    assert central.asked == []


def test_nothing_is_offered_where_another_server_keeps_the_accounts(
    invitation, settings
):
    settings.CENTRAL_URL = ""

    assert f"{PATH}account/" not in Client().get(PATH).content.decode()
