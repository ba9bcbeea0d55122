"""Service tokens: what they look like, who makes them, and that a secret is shown once."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from accounts import audit, digests, token_format
from accounts.models import ApiToken, AuditEvent
from accounts.permissions import Scope, scopes_of
from accounts.services import tokens
from config.logging import Redactor
from tests.factories import accounts as make

NEW = "/w/padaria/settings/tokens/new/"
LIST = "/w/padaria/settings/tokens/"
SENT = {"name": "CRM", "days": "90", "scope_messages_send": "on"}


def rows(world):
    return ApiToken.objects.for_workspace(world.workspace)


def secrets_in(page):
    return set(re.findall(r"rcd_[0-9A-Za-z]{49}", page.content.decode()))


# --- the format ---------------------------------------------------------------
def test_a_secret_has_the_shape_that_scanners_look_for():
    made = {token_format.new_secret() for _ in range(200)}

    assert len(made) == 200
    for secret in made:
        assert re.fullmatch(r"rcd_[0-9A-Za-z]{49}", secret)
        assert token_format.is_well_formed(secret)


@given(st.integers(4, 52), st.sampled_from("0aZ9"))
def test_a_mistyped_secret_is_seen_without_asking(place, character):
    secret = token_format.new_secret()
    wrong = secret[:place] + character + secret[place + 1 :]

    assert token_format.is_well_formed(wrong) == (wrong == secret)


@pytest.mark.parametrize("text", ["", "rcd_", "rcd_short", "RCD_" + "a" * 49])
def test_what_is_no_secret(text):
    assert not token_format.is_well_formed(text)


def test_logs_strike_secrets_out():
    line = Redactor([]).text(f"called with {token_format.new_secret()} today")

    assert line == "called with [redacted] today"


# --- making -------------------------------------------------------------------
def test_a_token_is_made_and_its_secret_shown_once(world, signed_in):
    client = signed_in(world.owner)

    page = client.post(NEW, SENT)

    (secret,) = secrets_in(page)
    (token,) = rows(world)
    assert bytes(token.digest) == digests.of_token(secret)
    assert (token.scopes, token.created_by) == (["messages:send"], world.owner)
    assert "no-store" in page.headers["Cache-Control"]
    assert not secrets_in(client.get(LIST))
    assert token.hint in client.get(LIST).content.decode()
    # Sent again, as a browser does on reload, it makes no second one.
    again = client.post(NEW, SENT)
    assert "Já há um token em uso com esse nome" in again.content.decode()
    assert rows(world).count() == 1


def test_the_secret_is_stored_nowhere(world, signed_in):
    (secret,) = secrets_in(signed_in(world.owner).post(NEW, SENT))

    stored = repr(rows(world).values()) + repr(
        AuditEvent.objects.for_workspace(world.workspace).values()
    )
    assert secret not in stored
    assert secret[8:30] not in stored


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"name": ""}, "id_name_error"),
        ({"name": "x" * 81}, "id_name_error"),
        ({"days": "366"}, "id_days_error"),
        ({"days": "-1"}, "id_days_error"),
        ({"scope_messages_send": ""}, "Escolha ao menos um"),
    ],
)
def test_what_cannot_be_is_told_at_its_field(world, signed_in, changed, told):
    page = signed_in(world.owner).post(NEW, SENT | changed)

    assert page.status_code == 200
    assert told in page.content.decode()
    assert not rows(world).exists()


def test_scopes_that_do_not_exist_are_not_given(world, signed_in):
    signed_in(world.owner).post(NEW, SENT | {"scope_everything": "on"})

    assert rows(world).get().scopes == ["messages:send"]


@pytest.mark.parametrize("who", ["agent", "outsider"])
def test_only_admins_make_and_revoke(world, signed_in, who):
    token = make.api_token(world.workspace)
    client = signed_in(getattr(world, who))
    expected = 403 if who == "agent" else 404

    assert client.post(NEW, SENT).status_code == expected
    assert client.post(f"{LIST}{token.key}/revoke/").status_code == expected
    assert rows(world).get().revoked_at is None


@pytest.mark.parametrize(
    "changed",
    [
        {"scopes": ()},
        {"scopes": (Scope.MESSAGES_SEND,), "allowed": scopes_of("viewer")},
        {"expires_at": timezone.now() + timedelta(days=367)},
        {"expires_at": timezone.now() - timedelta(seconds=1)},
        {"name": "  "},
    ],
)
def test_the_service_refuses_what_no_form_sends(world, changed):
    now = timezone.now()
    values = {
        "workspace": world.workspace,
        "name": "CRM",
        "scopes": (Scope.WORKSPACE_READ,),
        "allowed": scopes_of("owner"),
        "expires_at": now + timedelta(days=365),
        "actor": world.owner,
        "now": now,
    }

    with pytest.raises(tokens.TokenInvalid):
        tokens.make_token(**(values | changed))
    assert not rows(world).exists()


# --- revoking -----------------------------------------------------------------
def test_revoking_asks_first_and_happens_once(world, signed_in):
    token = make.api_token(world.workspace)
    client = signed_in(world.owner)
    address = f"{LIST}{token.key}/revoke/"

    asked = client.get(address)
    assert "Revogar CRM?" in asked.content.decode()
    assert rows(world).get().revoked_at is None

    for _ in range(2):
        assert client.post(address).headers["Location"] == LIST
    assert rows(world).get().revoked_at is not None
    events = AuditEvent.objects.for_workspace(world.workspace)
    assert [event.action for event in events] == ["api_token.revoked"]


def test_a_name_is_free_again_once_its_token_is_revoked(world, signed_in):
    make.api_token(world.workspace, revoked_at=timezone.now())

    assert secrets_in(signed_in(world.owner).post(NEW, SENT))


def test_a_token_of_another_workspace_is_not_found(world, signed_in):
    foreign = make.api_token(world.other_workspace)

    response = signed_in(world.owner).post(f"{LIST}{foreign.key}/revoke/")

    assert response.status_code == 404


def test_what_was_done_is_audited_without_the_secret(world, signed_in):
    audit.record(workspace=world.workspace, action="workspace.added")
    client = signed_in(world.owner)
    (secret,) = secrets_in(client.post(NEW, SENT))
    client.post(f"{LIST}{rows(world).get().key}/revoke/")

    events = AuditEvent.objects.for_workspace(world.workspace).order_by("sequence")
    made, revoked = events[1:]
    assert (made.action, revoked.action) == ("api_token.made", "api_token.revoked")
    assert made.details["scopes"] == ["messages:send"]
    name = rows(world).get().name
    log = client.get("/w/padaria/settings/audit/").content.decode()
    assert f"criou o token de serviço {name}" in log
    assert f"revogou o token de serviço {name}" in log
    assert secret not in repr(list(events.values()))
    assert audit.verify(world.workspace).is_intact


def test_whoever_lowers_a_role_reads_which_tokens_go_on_working(world, signed_in):
    person = make.user(email="admin@example.com")
    admin = make.membership(world.workspace, person, role="admin")
    make.api_token(world.workspace, name="Painel", created_by=person)
    make.api_token(
        world.workspace, name="Morto", created_by=person, revoked_at=timezone.now()
    )
    make.api_token(world.workspace, name="Do dono", created_by=world.owner)
    client = signed_in(world.owner)
    address = f"/w/padaria/settings/members/{admin.key}/"

    for path in (address, f"{address}remove/"):
        page = client.get(path).content.decode()
        assert "foram criados por essa pessoa" in page
        assert "Painel" in page
        assert "Morto" not in page
        assert "Do dono" not in page


def test_the_list_tells_states_apart(world, signed_in):
    now = timezone.now()
    make.api_token(world.workspace, name="Vivo")
    make.api_token(world.workspace, name="Morto", revoked_at=now)
    make.api_token(
        world.workspace,
        name="Vencido",
        created_at=now - timedelta(days=2),
        expires_at=now - timedelta(days=1),
    )
    make.api_token(world.other_workspace, name="Alheio")

    page = signed_in(world.owner).get(LIST).content.decode()

    for word in ("Ativo", "Revogado", "Vencido", "Nunca"):
        assert word in page
    assert "Alheio" not in page
    assert page.count("/revoke/") == 1
