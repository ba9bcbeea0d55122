"""What shall work: both kinds of server, coming back to the page, who becomes what."""

import re
import time
from datetime import timedelta

import jwt
import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts import audit, vault
from accounts.models import (
    BrowserSession,
    MailState,
    Membership,
    OAuthGrant,
    SessionEnd,
    SignInEvent,
    User,
    Workspace,
)
from accounts.services import invitations
from accounts.sso import grants
from tests.accounts.sso import hostile
from tests.accounts.sso.conftest import Walker, by_discovery, last_event
from tests.factories import accounts as make

pytestmark = pytest.mark.django_db


def test_the_sign_in_page_has_one_button_and_folds_the_password_away(walker):
    page = walker.client.get("/account/login/?next=/w/padaria/").content.decode()

    assert "Entrar com Central" in page
    assert '<input type="hidden" name="next" value="/w/padaria/">' in page
    assert "<details" in page


def test_the_password_form_is_gone_and_refused_where_it_is_switched_off(
    walker, settings
):
    make.user(email="ana@example.com")
    settings.PASSWORD_SIGNIN = False

    page = walker.client.get("/account/login/").content.decode()
    walker.client.post(
        "/account/login/", {"login": "ana@example.com", "password": "senha-de-teste"}
    )

    assert "password" not in page
    assert not walker.is_signed_in()


def test_everything_a_request_is_bound_to_is_sent(walker):
    query = walker.query(walker.begin())

    assert query["response_type"] == "code"
    assert query["code_challenge_method"] == "S256"
    assert query["client_id"] == hostile.CLIENT_ID
    assert query["scope"] == "openid profile email"
    assert len(query["state"]) >= 43  # 256 bits
    assert len(query["nonce"]) >= 43
    assert len(query["code_challenge"]) == 43


def test_nothing_of_the_request_changes_what_is_asked_for(walker):
    sent = walker.client.post(
        "/account/sso/start/?scope=admin&auth_params=prompt%3Dnone&action=reauthenticate"
    )

    query = walker.query(sent)

    assert query["scope"] == "openid profile email"
    assert "prompt" not in query


def test_a_newcomer_signs_in_by_discovery_and_comes_back_to_their_page(walker):
    answer = walker.sign_in(next="/account/sessions/")

    user = User.objects.get()
    assert answer.headers["Location"] == "/account/sessions/"
    assert (user.oauth_issuer, user.oauth_id) == (walker.idp.issuer, "person-1")
    assert (user.name, user.email) == ("Rita Moura", "rita@example.com")
    assert not user.has_usable_password()
    assert walker.is_signed_in()
    assert last_event().outcome == "signed_in"
    assert last_event().user == user


def test_a_newcomer_without_a_workspace_reads_that_they_wait(walker):
    walker.sign_in()

    page = walker.client.get("/").content.decode()

    assert "rita@example.com" in page
    assert Membership.objects.unscoped("test").count() == 0


def test_a_newcomer_gets_a_workspace_where_the_installation_says_so(walker, settings):
    settings.SIGNIN_NEWCOMERS = "workspace"

    walker.sign_in()
    walker.sign_in()

    [membership] = Membership.objects.unscoped("test")
    workspace = Workspace.objects.get()
    assert membership.role == "owner"
    assert workspace.slug.startswith("rita-moura-")
    assert audit.verify(workspace).is_intact


def _invited(world, email="rita@example.com"):
    return invitations.invite(
        workspace=world.workspace,
        email=email,
        role="agent",
        mail=MailState.NONE,
        actor=world.owner,
        now=timezone.now(),
    )


def test_a_newcomer_who_is_invited_gets_no_workspace_beside_it(walker, world, settings):
    settings.SIGNIN_NEWCOMERS = "workspace"
    wanted = f"/invitations/{_invited(world).token}/"

    walker.sign_in(next=wanted)
    walker.client.post(wanted)
    walker.sign_in()

    [mine] = Membership.objects.unscoped("test").filter(user__email="rita@example.com")
    assert mine.workspace == world.workspace


def test_the_invitation_of_somebody_else_takes_no_workspace_from_a_newcomer(
    walker, world, settings
):
    settings.SIGNIN_NEWCOMERS = "workspace"
    walker.sign_in(next=f"/invitations/{_invited(world, 'ana@example.com').token}/")

    [mine] = Membership.objects.unscoped("test").filter(user__email="rita@example.com")
    assert mine.role == "owner"


@pytest.mark.parametrize("wanted", ["/invitations/velho/", "/", "/x?y=/invitations/"])
def test_a_link_that_leads_nowhere_takes_no_workspace_from_a_newcomer(
    walker, settings, wanted
):
    settings.SIGNIN_NEWCOMERS = "workspace"

    walker.sign_in(next=wanted)

    assert Membership.objects.unscoped("test").get().role == "owner"


@pytest.mark.parametrize(
    ("told", "slug"),
    [
        ({"name": "rita_moura"}, "rita-moura-"),
        ({"name": "", "email": "rita_moura@example.com"}, "rita-moura-"),
        ({"name": "_"}, "loja-"),
        ({"name": "王"}, "loja-"),
    ],
)
def test_any_name_gives_a_workspace_an_address(walker, settings, told, slug):
    settings.SIGNIN_NEWCOMERS = "workspace"
    walker.idp.person |= told

    answer = walker.sign_in()

    assert answer.status_code == 302
    assert Workspace.objects.get().slug.startswith(slug)


def test_somebody_signs_in_at_a_server_without_discovery(passport):
    walker = Walker(passport)

    answer = walker.sign_in()

    user = User.objects.get()
    assert answer.status_code == 302
    assert (user.oauth_issuer, user.oauth_id) == (passport.issuer, "17")
    assert walker.is_signed_in()
    assert [path for _, path in passport.requests] == ["/oauth/token", "/api/user"]
    assert "nonce" not in walker.query(walker.begin())


def test_the_person_may_stand_deeper_in_the_answer(passport, settings):
    settings.OAUTH = settings.OAUTH | {"userinfo_root": "data.user"}
    passport.userinfo_answer = (
        200,
        b'{"data":{"user":{"id":9,"name":"Ana","email":"Ana@Example.com","email_verified_at":"2026-01-05 10:00:00"}}}',
    )

    Walker(passport).sign_in()

    assert User.objects.get().email == "ana@example.com"


def test_metadata_and_keys_are_asked_for_once(walker):
    walker.sign_in()
    walker.sign_in()

    assert walker.idp.count("/.well-known/openid-configuration") == 1
    assert walker.idp.count("/keys") == 1


@pytest.mark.parametrize(
    ("key", "algorithm"),
    [(hostile.EC, "ES256"), (hostile.ED, "EdDSA"), (hostile.RSA, "PS256")],
)
def test_tokens_of_every_allowed_kind_of_key_are_taken(walker, key, algorithm):
    walker.idp.keys = [hostile.jwk(hostile.OTHER_RSA, "old"), hostile.jwk(key)]
    walker.idp.claims = {"at_hash": None}
    walker.idp.sign = lambda claims, header: jwt.encode(
        claims, key, algorithm=algorithm, headers=header
    )

    assert walker.sign_in().status_code == 302


def test_a_token_that_names_no_key_gets_the_only_one_there_is(walker):
    walker.idp.header = {"kid": None}

    assert walker.sign_in().status_code == 302


def test_a_key_that_came_after_the_last_look_is_asked_for_once_more(walker):
    walker.sign_in()
    walker.idp.keys = [hostile.jwk(hostile.OTHER_RSA, "k2")]
    walker.idp.header = {"kid": "k2"}
    walker.idp.sign = lambda claims, header: jwt.encode(
        claims, hostile.OTHER_RSA, algorithm="RS256", headers=header
    )

    assert walker.sign_in().status_code == 302
    assert walker.idp.count("/keys") == 2


def test_clocks_may_differ_by_half_a_minute(walker):
    now = int(time.time())
    walker.idp.claims = {"iat": now + 20, "nbf": now + 20, "exp": now - 20}

    assert walker.sign_in().status_code == 302


def test_several_audiences_are_fine_when_it_was_made_for_us(walker):
    walker.idp.claims = {
        "aud": [hostile.CLIENT_ID, "api"],
        "azp": hostile.CLIENT_ID,
    }

    assert walker.sign_in().status_code == 302


def test_the_issuer_in_the_answer_may_be_told(walker):
    sent = walker.begin()
    code = walker.idp.consent(sent.headers["Location"])

    answer = walker.return_with(
        code=code, state=walker.query(sent)["state"], iss=walker.idp.issuer
    )

    assert answer.status_code == 302


# --- who they are here ----------------------------------------------------------
def test_name_and_email_follow_the_server(walker):
    walker.sign_in()
    walker.idp.person |= {"name": "Rita M. Alves", "email": "rita.alves@example.com"}

    walker.sign_in()

    user = User.objects.get()
    assert (user.name, user.email) == ("Rita M. Alves", "rita.alves@example.com")


def test_an_unconfirmed_new_email_is_not_taken_over(walker):
    walker.sign_in()
    walker.idp.person |= {"email": "boss@example.com", "email_verified": False}

    assert walker.sign_in().status_code == 302
    assert User.objects.get().email == "rita@example.com"


def test_an_account_with_the_same_email_is_joined_where_that_is_allowed(
    walker, settings
):
    earlier = make.user(email="rita@example.com")
    settings.OAUTH = by_discovery(walker.idp, link_by_email=True)

    walker.sign_in()

    earlier.refresh_from_db()
    assert User.objects.get() == earlier
    assert earlier.oauth_id == "person-1"


# --- tokens and sessions --------------------------------------------------------
def test_tokens_rest_sealed_and_open_for_their_session(walker):
    walker.sign_in()

    grant = OAuthGrant.objects.get()
    assert grant.session == BrowserSession.objects.get()
    assert grants.unseal(grant, "refresh") == "refresh-0"
    assert "refresh-0" not in grant.refresh
    swapped = OAuthGrant(access=grant.refresh, key=grant.key)
    with pytest.raises(vault.VaultError):
        grants.unseal(swapped, "access")


def test_signing_in_changes_the_session_key(walker):
    walker.begin()
    before = walker.client.cookies["recado_session"].value

    walker.sign_in()

    assert walker.client.cookies["recado_session"].value != before


def test_whoever_the_server_knows_gets_no_password_here(walker, settings):
    settings.EMAIL_HOST = "mail.example.com"
    walker.sign_in()
    new = {"password1": "uma-senha-nova-9", "password2": "uma-senha-nova-9"}

    walker.client.post("/account/password/set/", new)
    to_page = walker.client.get("/account/password/change/", follow=True)
    stranger = Client()
    stranger.post("/account/password/reset/", {"email": "rita@example.com"})
    [mailed] = re.findall(
        r"http://testserver(/account/password/reset/\S+)", str(mail.outbox[0].body)
    )
    form = stranger.get(mailed, follow=True).request["PATH_INFO"]
    refused = stranger.post(form, new)

    assert refused.status_code == 403
    assert "nenhuma senha fica guardada aqui" in to_page.content.decode()
    assert not User.objects.get().has_usable_password()


def test_signing_out_revokes_and_leads_to_the_servers_own_sign_out(walker):
    walker.sign_in()

    answer = walker.client.post("/account/logout/")

    assert walker.idp.revoked == ["refresh-0"]
    assert answer.headers["Location"].startswith(f"{walker.idp.issuer}/logout?")
    assert "id_token_hint=" in answer.headers["Location"]
    assert BrowserSession.objects.get().end == SessionEnd.SIGNED_OUT
    assert not OAuthGrant.objects.exists()
    assert not walker.is_signed_in()


def test_signing_out_works_while_the_server_is_away(walker):
    walker.sign_in()
    walker.idp.redirect = {"/revoke": "/elsewhere"}

    answer = walker.client.post("/account/logout/")

    assert answer.status_code == 302
    assert not walker.is_signed_in()


def test_nothing_secret_is_on_the_settings_page(world, idp, signed_in):
    url = reverse("accounts:settings-sign-in", args=["padaria"])

    page = signed_in(world.owner).get(url).content.decode()

    assert idp.issuer in page
    assert f"{idp.issuer}/token" in page
    assert hostile.CLIENT_SECRET not in page
    assert hostile.CLIENT_ID in page


def test_an_attempt_leaves_the_record_after_ninety_days(walker):
    walker.sign_in()
    SignInEvent.objects.update(at=last_event().at - timedelta(days=91))

    walker.sign_in()

    assert SignInEvent.objects.count() == 1


@pytest.mark.parametrize(
    ("is_own", "told"),
    [
        (False, "You sign in at Central and come back here."),
        (True, "sign-in server: type it there and come back here."),
    ],
)
def test_the_sign_in_page_says_where_the_password_is_typed(idp, settings, is_own, told):
    settings.CENTRAL_URL = idp.issuer if is_own else ""
    settings.PASSWORD_SIGNIN = True

    page = Client(headers={"accept-language": "en"}).get(reverse("account_login"))

    assert told in page.content.decode()
    assert "Sign in without that server" in page.content.decode()
