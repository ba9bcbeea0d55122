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
from django.test import override_settings

from accounts.central import signing
from accounts.central.models import Application, Person, SigningKey
from accounts.models import User
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
