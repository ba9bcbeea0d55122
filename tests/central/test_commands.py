"""What operators and the supervisor run: seeding, rotating, upkeep; and the role's walls."""

import json
import os
import re
import subprocess
import sys
import uuid
from typing import Any

import pytest
from allauth.idp.oidc.models import Client as OAuthClient
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.apps import apps
from django.conf import settings as django_settings
from django.test import override_settings

from accounts.central import journal, sealed, signing
from accounts.central.models import Application, Person, SigningKey
from accounts.models import AuditChain, User
from accounts.vault import columns
from config.embedded import files
from config.settings import base
from tests import commands

SECRET = "s" * 43
SUB = str(uuid.uuid4())
SEED: dict[str, Any] = {
    "CENTRAL_FIRST_PARTY": {
        "client_id": "recado-1",
        "secret": SECRET,
        "redirect_uris": ["http://127.0.0.1:8000/volta"],
    },
    "CENTRAL_FIRST_SUB": SUB,
}


@pytest.mark.django_db
def test_seeding_makes_key_client_and_person_and_tells_the_password_once():
    with override_settings(**SEED):
        first, second = commands.run("central_seed"), commands.run("central_seed")

    told = re.fullmatch(
        r"sign in as admin@recado\.localhost with the password (\S{16}) \(shown once\)\n",
        first.out,
    )
    assert told
    assert second.out == ""
    user = User.objects.get()
    assert user.check_password(told[1])
    assert user.is_platform_admin
    assert str(Person.objects.get().sub) == SUB
    client = OAuthClient.objects.get(pk="recado-1")
    assert client.check_secret(SECRET)
    assert client.skip_consent
    assert Application.objects.get().is_first_party
    assert SigningKey.objects.count() == 1
    assert SECRET not in first.out


@pytest.mark.django_db
def test_seeding_again_follows_a_new_address_and_a_new_secret():
    with override_settings(**SEED):
        commands.run("central_seed")
    changed = SEED["CENTRAL_FIRST_PARTY"] | {
        "secret": "t" * 43,
        "redirect_uris": ["http://127.0.0.1:8100/volta"],
    }
    with override_settings(**SEED | {"CENTRAL_FIRST_PARTY": changed}):
        commands.run("central_seed")

    client = OAuthClient.objects.get()
    assert client.get_redirect_uris() == ["http://127.0.0.1:8100/volta"]
    assert client.check_secret("t" * 43)
    assert User.objects.count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    "wrong", [{"secret": "short"}, {"redirect_uris": ["http://recado.example/volta"]}]
)
def test_seeding_refuses_what_would_not_be_safe(wrong):
    told = SEED["CENTRAL_FIRST_PARTY"] | wrong
    with override_settings(**SEED | {"CENTRAL_FIRST_PARTY": told}):
        done = commands.run("central_seed")

    assert done.code != 0
    assert not OAuthClient.objects.exists()
    assert not User.objects.exists()


@pytest.mark.django_db
def test_rotating_tells_from_when_the_new_key_signs():
    commands.run("central_seed")
    signing.forget()

    told = commands.run("central_rotate_keys").out

    assert re.fullmatch(r"key \d+ signs from \S+\n", told)
    assert SigningKey.objects.filter(expires_at=None).count() == 1
    assert json.loads(commands.run("central_upkeep").out)["keys"] == 0
    assert commands.run("central_rotate_keys", "--root").out.endswith(": 0\n")


@pytest.fixture
def sealed_things(house):
    """A signing key, a second factor with recovery codes, and a chain of the audit log."""
    TOTP.activate(house.person, generate_totp_secret())
    RecoveryCodes.activate(house.person)
    journal.record("person.created", actor=house.admin)
    return Authenticator.objects.get(type=Authenticator.Type.TOTP)


def test_verifying_covers_what_is_sealed_here_alone(sealed_things):
    done = commands.run("vault_verify")

    assert done.code == 0
    assert "accounts_auditchain.sealed: 1 opened, 0 failed" in done.out
    assert "central_signingkey.sealed: 1 opened, 0 failed" in done.out
    assert "mfa_authenticator.data: 2 opened, 0 failed" in done.out
    assert done.out.endswith(
        "covered: the central server's database; Recado's is another one\n"
    )


@pytest.mark.parametrize("damage", [{"secret": ""}, {"secret": "JBSWY3DPEHPK3PXP"}])
def test_verifying_names_what_does_not_open_and_shows_none_of_it(sealed_things, damage):
    key = SigningKey.objects.get()
    SigningKey.objects.update(sealed=sealed_things.data["secret"])
    Authenticator.objects.filter(pk=sealed_things.pk).update(data=damage)

    done = commands.run("vault_verify")

    assert done.code != 0
    assert f"does not open: central_signingkey.sealed {key.pk}\n" in done.err
    assert f"does not open: mfa_authenticator.data {sealed_things.pk}\n" in done.err
    assert "mfa_authenticator.data: 1 opened, 1 failed" in done.out
    assert sealed_things.data["secret"] not in done.out + done.err
    assert "JBSW" not in done.out + done.err


def test_after_a_change_of_the_root_key_nothing_here_needs_the_old_one(sealed_things):
    old = django_settings.INTEGRATIONS_KEY
    with override_settings(INTEGRATIONS_KEY=b"n" * 32, INTEGRATIONS_KEYS_OLD=[old]):
        told = commands.run("central_rotate_keys", "--root").out
    with override_settings(INTEGRATIONS_KEY=b"n" * 32, INTEGRATIONS_KEYS_OLD=[]):
        done = commands.run("vault_verify")

    assert told.endswith(": 4\n")
    assert done.code == 0, done.err


def test_a_chain_whose_key_was_lost_is_named_and_the_rest_is_brought_over(
    sealed_things,
):
    old = django_settings.INTEGRATIONS_KEY
    AuditChain.objects.unscoped("test").update(sealed="?")
    with override_settings(INTEGRATIONS_KEY=b"n" * 32, INTEGRATIONS_KEYS_OLD=[old]):
        done = commands.run("central_rotate_keys", "--root")
        again = sealed.reseal()

    assert done.code != 0
    assert "does not open: accounts_auditchain.sealed" in done.err
    assert again == 0


def test_a_process_passes_over_columns_of_rooms_it_does_not_have(monkeypatch):
    here = dict(apps.app_configs)
    del here["integrations"]
    monkeypatch.setattr(apps, "app_configs", here)

    names = {column.name for column in columns.list_here()}

    assert "integrations_integration.credentials" not in names
    assert "accounts_oauthgrant.refresh" in names


# --- the role -------------------------------------------------------------------
_SAY = (
    "import config.settings.central as s\n"
    "print(s.CENTRAL_URL, s.SECRET_KEY, s.DATABASES['default']['NAME'], s.IS_PUBLIC)"
)


def load(**told):
    """The settings of the role in a process of its own."""
    names = ("PATH", "DATABASE_URL", "REDIS_URL", "LANG")
    kept = {name: os.environ[name] for name in names if name in os.environ}
    return subprocess.run(
        [
            sys.executable,
            "-c",
            _SAY,
        ],
        env=kept
        | {
            "SECRET_KEY": "k" * 50,
            "INTEGRATIONS_KEY": "11" * 32,
            "RECADO_VAR_DIR": "/nonexistent",
            "CENTRAL_DATABASE_URL": "postgresql://127.0.0.1/recado_central",
        }
        | told,
        cwd=files.BASE_DIR,
        capture_output=True,
        text=True,
        check=False,
    )


def test_recado_itself_installs_nothing_of_the_server():
    ours = " ".join(base.INSTALLED_APPS)

    assert "idp" not in ours
    assert "accounts.central" not in ours


def test_the_role_has_its_own_database_and_another_signing_secret():
    done = load()
    assert done.returncode == 0, done.stderr
    url, secret, database, secure = done.stdout.split()

    assert (url, database) == ("http://localhost:8001", "recado_central")
    assert secret != "k" * 50
    assert secure == "False"


def test_an_address_of_the_network_needs_https():
    done = load(CENTRAL_URL="http://conta.example")
    assert done.returncode != 0
    assert "CENTRAL_URL does not start with https://" in done.stderr

    done = load(CENTRAL_URL="https://conta.example")
    assert done.stdout.endswith("True\n"), done.stderr


def test_the_role_does_not_start_without_a_database_of_its_own():
    done = load(CENTRAL_DATABASE_URL="")

    assert done.returncode != 0
    assert "CENTRAL_DATABASE_URL is not set" in done.stderr
