import base64
import os
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command

from accounts import audit
from accounts.models import DataKey
from accounts.vault import keyring
from config import env
from integrations.models import Integration
from tests.accounts.vault.conftest import opened

ROOT = Path(__file__).parents[3]


def run(name, *arguments):
    out, err = StringIO(), StringIO()
    try:
        call_command(name, *arguments, stdout=out, stderr=err)
    except CommandError as error:
        err.write(str(error))
        return error.returncode, out.getvalue() + err.getvalue()
    return 0, out.getvalue()


@pytest.fixture
def shops(world, sealed_integration):
    audit.record(workspace=world.workspace, action="workspace.added")
    return [
        sealed_integration(world.workspace, f"token-{name}", name=name) for name in "ab"
    ]


@pytest.mark.parametrize("settings_module", [None, "config.settings.production"])
def test_genkey_needs_no_setting_at_all(settings_module):
    environment = {"PATH": os.environ["PATH"]}
    if settings_module:
        environment["DJANGO_SETTINGS_MODULE"] = settings_module

    outputs = [
        subprocess.run(
            [sys.executable, "manage.py", "vault_genkey"],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for _ in range(2)
    ]

    assert outputs[0] != outputs[1]
    assert len(base64.b64decode(outputs[0], validate=True)) == 32
    assert env.root_key("INTEGRATIONS_KEY", outputs[0])


def test_other_commands_still_need_the_settings():
    done = subprocess.run(
        [sys.executable, "manage.py", "vault_selftest"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "RECADO_VAR_DIR": "/nonexistent"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode != 0
    assert "is not set" in done.stderr


def test_selftest_says_which_root_key_is_current(settings):
    settings.INTEGRATIONS_KEYS_OLD = [b"o" * 32]

    code, text = run("vault_selftest")

    assert code == 0
    assert f"root key {keyring.current().id:08x}, 1 older" in text


@pytest.mark.parametrize("key", [b"short", bytes(range(32))])
def test_selftest_fails_on_a_root_key_that_protects_nothing(settings, key):
    """The second is the published key of the known secret."""
    settings.INTEGRATIONS_KEY = key

    code, text = run("vault_selftest")

    assert code == 1
    assert "The vault does not work" in text


def test_rotate_moves_everything_and_says_how_much(settings, shops, world):
    settings.INTEGRATIONS_KEYS_OLD = [settings.INTEGRATIONS_KEY]
    settings.INTEGRATIONS_KEY = b"n" * 32

    code, text = run("vault_rotate", "--data-keys", "--batch", "1", "--drop-retired")
    settings.INTEGRATIONS_KEYS_OLD = []

    assert code == 0
    assert text.splitlines() == [
        "2 keys brought under the current root key",
        "0 second factors brought under the current root key",
        "1 new data keys",
        "2 secrets brought under current data keys",
        "0 retired data keys deleted",
    ]
    assert [opened(shop) for shop in shops] == ["token-a", "token-b"]
    assert audit.verify(world.workspace).is_intact


def test_rotate_alone_makes_no_data_key(shops):
    code, text = run("vault_rotate")

    assert code == 0
    assert "0 secrets brought" in text
    assert DataKey.objects.unscoped("test").count() == 1


def test_rotate_stops_before_new_keys_when_one_does_not_open(settings, shops):
    settings.INTEGRATIONS_KEY = b"n" * 32

    code, text = run("vault_rotate", "--data-keys")

    assert code == 1
    assert "does not open: accounts_datakey.sealed" in text
    assert DataKey.objects.unscoped("test").count() == 1


@pytest.fixture
def without_central(monkeypatch):
    """As in Recado's own processes; the suite has the central server's tables too."""
    monkeypatch.setattr(apps, "is_installed", lambda name: name != "accounts.central")


def test_verify_counts_what_opens_and_says_what_it_covered(shops, without_central):
    code, text = run("vault_verify")

    assert code == 0
    assert text.splitlines() == [
        "accounts_datakey.sealed: 1 opened, 0 failed",
        "accounts_installationkey.sealed: 0 opened, 0 failed",
        "accounts_auditchain.sealed: 1 opened, 0 failed",
        "integrations_integration.credentials: 2 opened, 0 failed",
        "integrations_integration.former_proofs: 0 opened, 0 failed",
        "integrations_webhooktoken.sealed: 0 opened, 0 failed",
        "tickets_signingsecret.sealed: 0 opened, 0 failed",
        "accounts_oauthgrant.access: 0 opened, 0 failed",
        "accounts_oauthgrant.refresh: 0 opened, 0 failed",
        "accounts_oauthgrant.id_token: 0 opened, 0 failed",
        "mfa_authenticator.data: 0 opened, 0 failed",
        (
            "covered: Recado's database; the central server's is another one, with "
            "DJANGO_SETTINGS_MODULE=config.settings.central"
        ),
    ]


def test_verify_names_what_does_not_open_and_fails(shops):
    Integration.objects.unscoped("test").filter(pk=shops[1].pk).update(
        credentials=shops[0].credentials
    )

    code, text = run("vault_verify")

    assert code == 1
    assert "integrations_integration.credentials: 1 opened, 1 failed" in text
    assert f"does not open: integrations_integration.credentials {shops[1].pk}" in text


def test_verify_passes_over_an_integration_without_credentials(shops):
    Integration.objects.unscoped("test").filter(pk=shops[1].pk).update(credentials="")

    assert run("vault_verify")[0] == 0
