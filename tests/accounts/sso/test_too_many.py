"""Coming back from the identity server too often, and every limit of the settings at work."""

import uuid
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.conf import settings as in_force
from django.core.cache import cache
from django.test import Client, override_settings
from django.utils import timezone

from accounts import limits
from accounts.central import clients as applications
from accounts.central import people
from accounts.models import RateCounter, User
from accounts.permissions import Scope
from accounts.services import tokens
from integrations import signing
from tests.accounts.sso.conftest import Walker, last_event
from tests.central import role
from tests.factories import integrations, whatsapp
from tests.factories import tickets as clients
from tickets.services import client_links, event_sources

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _fresh_process(settings):
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"sso_account": (2, 300)}
    limits.forget_this_process()
    yield
    limits.forget_this_process()


def test_an_account_comes_back_only_so_often_and_reads_why(walker):
    assert [walker.sign_in().status_code for _ in range(2)] == [302, 302]
    for _ in range(2):
        page = Walker(walker.idp).sign_in()

        assert page.status_code == 429
        assert 0 < int(page.headers["Retry-After"]) <= 300
        assert "Entradas demais" in page.content.decode()
        assert last_event().outcome == "too_many"
        assert last_event().reference in page.content.decode()
        cache.clear()
        limits.forget_this_process()


def test_another_person_of_the_server_still_comes_in(walker):
    for _ in range(3):
        walker.sign_in()
    walker.idp.person |= {"sub": "person-2", "email": "lia@example.com"}
    other = Walker(walker.idp)

    other.sign_in()

    assert other.is_signed_in()


def test_nothing_is_changed_by_a_sign_in_too_many(walker):
    for _ in range(2):
        walker.sign_in()
    walker.idp.person["name"] = "Outro Nome"

    Walker(walker.idp).sign_in()

    assert User.objects.get().name == "Rita Moura"


# --- every limit is asked about -----------------------------------------------------
def _sign_in(world, idp):
    Client().post("/account/login/", {"login": "x@example.com", "password": "x"})


def _sso(world, idp):
    Walker(idp).sign_in()


def _second_factor(world, idp):
    with override_settings(**role.overrides()):
        person = people.create_person(email="bia@example.com", password="x")
        TOTP.activate(person, generate_totp_secret())
        browser = Client(SERVER_NAME="localhost")
        browser.force_login(person)
        browser.post("/account/2fa/reauthenticate/", {"code": "000000"})


def _invite(world, idp):
    owner = Client()
    owner.force_login(world.owner)
    owner.post(
        "/w/padaria/settings/members/invite/",
        {"email": "lia@example.com", "role": "agent", "as_link": ""},
    )


def _open_invitation(world, idp):
    Client().get("/invitations/guess/")


def _api(world, idp):
    now = timezone.now()
    made = tokens.make_token(
        workspace=world.workspace,
        name="CRM",
        scopes=(Scope.WORKSPACE_READ,),
        allowed=frozenset(Scope),
        expires_at=now + timedelta(days=30),
        actor=world.owner,
        now=now,
    )
    for shown in (made.secret, "guess"):
        Client().get("/api/verify", headers={"Authorization": f"Bearer {shown}"})


def _central_program(world, idp):
    with override_settings(**role.overrides()):
        made = applications.register(
            name="Painel",
            redirect_uris=["https://painel.example/volta"],
            is_public=False,
            may_call_api=False,
            now=timezone.now(),
        )
        shown = {"client_id": made.client.pk, "client_secret": made.secret}
        for sent in ({}, shown):
            Client(SERVER_NAME="localhost").post("/oauth/token", sent)


def _click(world, idp):
    link = whatsapp.link(integrations.channel(world.workspace))
    Client().get(f"/r/{link.slug}", headers={"User-Agent": "Mozilla/5.0 Chrome/130"})


def _ticket_page(world, idp):
    client = clients.client(world.workspace)
    ticket = clients.ticket(world.workspace, client=client)
    path = urlsplit(client_links.make(ticket)).path
    Client().post(path, {"text": "Oi", "key": str(uuid.uuid4())})


def _ticket_event(world, idp):
    told_by = event_sources.add(
        world.workspace, name="Help desk", actor=None, now=timezone.now()
    )
    path = f"/webhooks/ticket-events/{told_by.source.key}/"
    signature = signing.sign_plain(told_by.secret, b"{}")
    for shown in (signature, "sha256=guess"):
        Client().post(
            path,
            b"{}",
            content_type="application/json",
            headers={"X-Signature": shown},
        )


WAYS = {
    "sign_in_address": _sign_in,
    "sign_in_account": _sign_in,
    "sso_address": _sso,
    "sso_account": _sso,
    "second_factor": _second_factor,
    "invitation_workspace": _invite,
    "invitation_recipient": _invite,
    "invitation_address": _open_invitation,
    "api_token": _api,
    "api_address": _api,
    "api_refused": _api,
    "oauth_address": _central_program,
    "oauth_client": _central_program,
    "link_click": _click,
    "ticket_page": _ticket_page,
    "ticket_answer": _ticket_page,
    "ticket_event": _ticket_event,
    "ticket_event_refused": _ticket_event,
}


def test_a_limit_of_the_settings_is_a_limit_of_the_product():
    assert set(WAYS) == set(in_force.RATE_LIMITS)


@pytest.mark.parametrize("scope", WAYS)
def test_every_limit_counts_what_it_is_named_after(scope, world, idp):
    WAYS[scope](world, idp)

    assert RateCounter.objects.filter(scope=scope, count__gt=0).exists()
