"""Strangers on the way: stolen answers, foreign browsers, other people's accounts.

Each is refused with a page and a record; what all share stands in `refusals`.
"""

from datetime import timedelta
from urllib.parse import quote

import pytest
from django.test import Client
from django.utils import timezone, translation

from accounts.models import BrowserSession, OAuthGrant, SignInEvent, User
from accounts.sso import outcomes
from tests.accounts.sso.conftest import CALLBACK, Walker, by_discovery, last_event
from tests.accounts.sso.refusals import check as _refused
from tests.factories import accounts as make

pytestmark = pytest.mark.django_db


# --- state: whose attempt, once, in time ------------------------------------------
def _begun(walker):
    sent = walker.begin()
    return walker.idp.consent(sent.headers["Location"]), walker.query(sent)["state"]


def test_state_missing(walker):
    code, _ = _begun(walker)

    _refused(walker, walker.return_with(code=code), "state_missing")
    assert walker.idp.count("/token") == 0


def test_state_made_up(walker):
    code, _ = _begun(walker)

    _refused(walker, walker.return_with(code=code, state="x" * 43), "state_unknown")
    assert walker.idp.count("/token") == 0


def test_state_replayed(walker):
    walker.idp.userinfo = {"email": None}
    code, state = _begun(walker)
    walker.return_with(code=code, state=state)

    answer = walker.return_with(code=code, state=state)

    _refused(walker, answer, "state_spent")
    assert walker.idp.count("/token") == 1


def test_state_used_by_two_callbacks_at_once_counts_once(walker):
    """Both found it in the session; the mark in the cache lets one go on."""
    code, state = _begun(walker)
    copy = Client()
    copy.cookies["recado_session"] = walker.client.cookies["recado_session"].value
    session = copy.session
    states = dict(session["socialaccount_states"])
    walker.idp.userinfo = {"email": None}
    walker.return_with(code=code, state=state)
    session = copy.session
    session["socialaccount_states"] = states
    session.save()

    _refused(walker, copy.get(f"{CALLBACK}?code={code}&state={state}"), "state_spent")


def test_state_of_another_browser_is_a_login_csrf(walker):
    """The attacker's own code and state, brought to a victim's browser."""
    code, state = _begun(walker)
    victim = Walker(walker.idp)

    answer = victim.return_with(code=code, state=state)

    _refused(victim, answer, "state_unknown")
    assert walker.idp.count("/token") == 0


def test_state_of_a_victim_who_began_their_own_sign_in(walker):
    code, state = _begun(walker)
    victim = Walker(walker.idp)
    victim.begin()

    _refused(victim, victim.return_with(code=code, state=state), "state_unknown")


def test_state_expired(walker):
    code, state = _begun(walker)
    session = walker.client.session
    told, at, provider = session["socialaccount_states"][state]
    session["socialaccount_states"] = {state: (told, at - 601, provider)}
    session.save()

    answer = walker.return_with(code=code, state=state)

    _refused(walker, answer, "state_expired")


def test_state_begun_at_another_provider(walker):
    code, state = _begun(walker)
    session = walker.client.session
    told, at, _ = session["socialaccount_states"][state]
    session["socialaccount_states"] = {state: (told, at, "another")}
    session.save()

    answer = walker.return_with(code=code, state=state)

    _refused(walker, answer, "state_other_server")


def test_state_begun_before_the_installation_changed_its_server(walker, settings):
    code, state = _begun(walker)
    settings.OAUTH = by_discovery(walker.idp, client_id="another")

    answer = walker.return_with(code=code, state=state)

    _refused(walker, answer, "state_other_server")


def test_nonce_of_an_earlier_sign_in(walker):
    first = walker.query(walker.begin())
    walker.idp.claims = {"nonce": first["nonce"]}

    _refused(walker, walker.sign_in(), "nonce_wrong")


# --- who answers ------------------------------------------------------------------
def test_mix_up_of_issuers_in_the_callback(walker):
    code, state = _begun(walker)

    answer = walker.return_with(code=code, state=state, iss="https://evil.example")

    _refused(walker, answer, "issuer_mixed_up")
    assert walker.idp.count("/token") == 0


def test_mix_up_with_two_issuers_in_the_callback(walker):
    code, state = _begun(walker)
    iss = quote(walker.idp.issuer, safe="")

    answer = walker.client.get(
        f"{CALLBACK}?code={code}&state={state}&iss={iss}&iss=https://evil.example"
    )

    _refused(walker, answer, "issuer_mixed_up")


def test_a_server_that_promises_its_issuer_must_tell_it(walker):
    walker.idp.metadata = {"authorization_response_iss_parameter_supported": True}
    code, state = _begun(walker)

    _refused(walker, walker.return_with(code=code, state=state), "issuer_mixed_up")


def test_pkce_stripped_on_the_way(walker):
    """Somebody took the challenge out of the request; the server then knows none."""
    sent = walker.begin()
    code = walker.idp.consent(sent.headers["Location"])
    del walker.idp.codes[code].query["code_challenge"]

    answer = walker.return_with(code=code, state=walker.query(sent)["state"])

    _refused(walker, answer, "code_refused")


def test_a_code_of_another_attempt(walker):
    """A code that was stolen elsewhere does not fit this browser's verifier."""
    stolen, _ = _begun(Walker(walker.idp))
    _, state = _begun(walker)

    _refused(walker, walker.return_with(code=stolen, state=state), "code_refused")


def test_two_codes(walker):
    code, state = _begun(walker)

    answer = walker.client.get(f"{CALLBACK}?code={code}&code=x&state={state}")

    _refused(walker, answer, "code_missing")


@pytest.mark.parametrize(
    ("error", "code"),
    [
        ("access_denied", "cancelled"),
        ("unauthorized_client", "client_refused"),
        ("server_error", "denied_by_server"),
        ("<script>alert(1)</script>", "denied_by_server"),
    ],
)
def test_the_server_says_no(walker, error, code):
    _, state = _begun(walker)

    answer = walker.return_with(
        error=error, error_description="<img src=x>", state=state
    )

    _refused(walker, answer, code)
    assert "<img src=x>" not in answer.content.decode()
    assert "<script>alert" not in answer.content.decode()


# --- the way back and the way in ----------------------------------------------------
@pytest.mark.parametrize(
    "there",
    [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "///evil.example",
        "javascript:alert(1)",
        "http:evil.example",
        "w/padaria/",
        "/\t/evil.example",
    ],
)
def test_open_redirect_in_next(walker, there):
    answer = walker.begin(next=there)

    _refused(walker, answer, "next_elsewhere")
    assert walker.idp.requests == []
    assert there not in answer.content.decode()


@pytest.mark.parametrize("method", ["get", "head", "put"])
def test_nothing_but_a_post_begins_a_sign_in(walker, method):
    answer = getattr(walker.client, method)("/account/sso/start/")

    assert answer.status_code == 405
    assert walker.idp.requests == []


def test_a_sign_in_begun_from_another_site_is_refused(idp):
    client = Client(enforce_csrf_checks=True)

    assert client.post("/account/sso/start/").status_code == 403
    assert idp.requests == []


def test_session_fixation(walker):
    """A session key that somebody planted before is worth nothing after the sign-in."""
    walker.begin()
    planted = walker.client.cookies["recado_session"].value

    walker.sign_in()

    attacker = Client()
    attacker.cookies["recado_session"] = planted
    assert walker.is_signed_in()
    assert attacker.get("/account/sessions/").status_code == 302


def test_a_second_person_on_the_same_browser_inherits_nothing(walker):
    walker.sign_in()
    walker.idp.person |= {"sub": "person-2", "email": "bruno@example.com"}

    walker.sign_in()

    ended, current = BrowserSession.objects.order_by("pk")
    assert ended.end == "replaced"
    assert current.user.email == "bruno@example.com"
    assert OAuthGrant.objects.get().subject == "person-2"


# --- who they would be here ---------------------------------------------------------
def test_an_email_alone_never_links(walker):
    make.user(email="rita@example.com")

    _refused(walker, walker.sign_in(), "email_taken", users=1)
    assert User.objects.get().oauth_id is None


def test_an_unverified_email_never_links_even_where_links_are_allowed(walker, settings):
    make.user(email="rita@example.com")
    settings.OAUTH = by_discovery(walker.idp, link_by_email=True)
    walker.idp.person["email_verified"] = "true"

    _refused(walker, walker.sign_in(), "email_unverified", users=1)
    assert User.objects.get().oauth_id is None


def test_an_account_of_another_subject_is_never_taken_over(walker, settings):
    other = make.user(
        email="rita@example.com", oauth_issuer=walker.idp.issuer, oauth_id="person-0"
    )
    make.proven(other)
    settings.OAUTH = by_discovery(walker.idp, link_by_email=True)

    _refused(walker, walker.sign_in(), "email_taken", users=1)
    assert User.objects.get().oauth_id == "person-0"


def test_the_same_subject_of_another_issuer_is_another_person(walker):
    make.user(
        email="other@example.com", oauth_issuer="https://other", oauth_id="person-1"
    )

    walker.sign_in()

    assert User.objects.count() == 2


def test_a_change_to_somebody_elses_email_is_refused(walker):
    walker.sign_in()
    walker.client.post("/account/logout/")
    BrowserSession.objects.all().delete()
    make.user(email="boss@example.com")
    walker.idp.person["email"] = "boss@example.com"

    _refused(walker, walker.sign_in(), "email_taken", users=2)


def test_somebody_switched_off_is_told_so(walker):
    make.user(
        email="rita@example.com",
        oauth_issuer=walker.idp.issuer,
        oauth_id="person-1",
        is_active=False,
    )

    _refused(walker, walker.sign_in(), "deactivated", users=1)
    assert last_event().user is not None


@pytest.mark.parametrize(
    ("told", "code"),
    [
        ({"id": None}, "subject_missing"),
        ({"id": True}, "subject_missing"),
        ({"id": ""}, "subject_missing"),
        ({"id": ["17"]}, "subject_missing"),
        ({"email_verified_at": None}, "email_unverified"),
        ({"email_verified_at": True}, "email_unverified"),
        ({"email_verified_at": ""}, "email_unverified"),
        ({"email": None}, "email_missing"),
    ],
)
def test_a_server_without_discovery_that_lies(passport, told, code):
    passport.userinfo = told
    walker = Walker(passport)

    _refused(walker, walker.sign_in(), code)


def test_every_outcome_has_words_in_both_languages(db):
    for language in ("pt-br", "en"):
        with translation.override(language):
            for code in outcomes.codes():
                words = outcomes.words_for(code)
                assert all(map(str, (words.title, words.text, words.cure)))
    with translation.override("pt-br"):
        portuguese = {str(outcomes.words_for(code).title) for code in outcomes.codes()}
    with translation.override("en"):
        english = {str(outcomes.words_for(code).title) for code in outcomes.codes()}
    assert portuguese.isdisjoint(english)


def test_the_record_holds_no_name_no_email_and_no_code(walker):
    walker.idp.userinfo = {"sub": "person-2"}
    walker.sign_in()
    walker.idp.userinfo = {"email_verified": False}
    walker.sign_in()

    for event in SignInEvent.objects.all():
        told = " ".join(str(value) for value in vars(event).values())
        assert "rita" not in told.lower()
        assert "person-" not in told
    assert last_event().at > timezone.now() - timedelta(minutes=1)


def test_the_page_can_be_read_in_english_too(walker):
    walker.idp.header = {"kid": "nobody's"}
    walker.client.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"

    page = walker.sign_in().content.decode()

    assert "could not be verified" in page
    assert "<code>key_unknown</code>" in page
