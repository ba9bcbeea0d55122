import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from django.db import connection, transaction

from accounts import vault
from accounts.models import DataKey
from accounts.vault import VaultError, cipher, keyring, store
from tests.accounts.vault.conftest import context_of, opened
from tests.factories import accounts as make

ROOT, NEXT_ROOT = b"r" * 32, b"n" * 32


@pytest.fixture
def shop(world, sealed_integration):
    return sealed_integration(world.workspace, "token-1")


def keys_of(workspace):
    return DataKey.objects.for_workspace(workspace)


def test_the_first_secret_makes_the_data_key(world, shop):
    key = keys_of(world.workspace).get()

    assert cipher.key_id_of(shop.credentials) == key.pk
    assert key.root_key_id == keyring.current().id
    assert opened(shop) == "token-1"


def test_a_workspace_has_one_data_key_for_all_its_secrets(world, shop):
    vault.seal(b"again", context_of(shop))

    assert keys_of(world.workspace).count() == 1


def test_each_workspace_has_its_own_data_key(world, shop, sealed_integration):
    sealed_integration(world.other_workspace, "token-2")

    assert keys_of(world.other_workspace).get() != keys_of(world.workspace).get()


def test_json_comes_back_as_it_went_in(shop):
    value = {"token": "é\ud800\0", "list": [1, None, True, 1.5], "none": {}}

    sealed = vault.seal_json(value, context_of(shop))

    assert vault.unseal_json(sealed, context_of(shop)) == value


def test_what_is_no_json_is_a_vault_error_that_carries_nothing(shop):
    with pytest.raises(VaultError) as raised:
        vault.unseal_json(shop.credentials, context_of(shop))

    assert raised.value.__context__ is None


def test_values_that_are_no_json_are_not_sealed(shop):
    with pytest.raises(TypeError):
        vault.seal_json({"token": vault.Secret("x")}, context_of(shop))
    with pytest.raises(ValueError, match="JSON"):
        vault.seal_json(float("nan"), context_of(shop))


def test_a_column_that_rotation_does_not_know_is_refused(shop):
    with pytest.raises(LookupError, match="SEALED_COLUMNS"):
        vault.seal(b"x", context_of(shop, column="accounts_user.name"))


def test_a_secret_moved_to_another_row_does_not_open(world, shop, sealed_integration):
    second = sealed_integration(world.workspace, "token-2", name="Second")
    foreign = sealed_integration(world.other_workspace, "token-3", name="Foreign")

    for thief in (second, foreign):
        with pytest.raises(VaultError) as raised:
            vault.unseal(shop.credentials, context_of(thief))
        assert str(raised.value) == "the vault cannot open or seal this secret"


def test_an_older_secret_does_not_open_as_the_newer_version(shop):
    with pytest.raises(VaultError):
        vault.unseal(shop.credentials, context_of(shop, secret_version=2))


def test_data_keys_swapped_between_workspaces_do_not_open(
    world, shop, sealed_integration
):
    sealed_integration(world.other_workspace, "token-2")
    foreign = keys_of(world.other_workspace).get()
    keys_of(world.workspace).update(sealed=foreign.sealed)

    with pytest.raises(VaultError):
        opened(shop)


def test_a_data_key_under_an_unknown_root_key_does_not_open(settings, shop):
    settings.INTEGRATIONS_KEY = NEXT_ROOT

    with pytest.raises(VaultError):
        opened(shop)


def test_an_older_root_key_still_opens(settings, shop):
    settings.INTEGRATIONS_KEYS_OLD = [ROOT, settings.INTEGRATIONS_KEY]
    settings.INTEGRATIONS_KEY = NEXT_ROOT

    assert opened(shop) == "token-1"


def test_root_keys_never_come_from_the_secret_key(settings, shop):
    settings.SECRET_KEY = "another secret key altogether"

    assert opened(shop) == "token-1"


def test_a_root_key_does_not_open_what_it_sealed_for_another_purpose(world):
    sealed = keyring.make_key(keyring.AUDIT_KEY, world.workspace.pk).sealed

    with pytest.raises(VaultError):
        keyring.open_key(sealed, keyring.DATA_KEY, world.workspace.pk)


def test_keys_are_not_in_their_own_repr(world, settings):
    root, made = keyring.current(), keyring.make_key(keyring.DATA_KEY, 1)

    assert repr(root.key) not in repr(root)
    assert repr(made.key) not in repr(made)
    assert repr(made.key) not in repr(store.OpenKey(1, made.key))


def test_erasing_a_workspace_makes_its_secrets_unreadable(
    world, shop, sealed_integration
):
    foreign = sealed_integration(world.other_workspace, "token-2")

    assert vault.erase(world.workspace.pk) == 1

    with pytest.raises(VaultError):
        opened(shop)
    assert opened(foreign) == "token-2"


def test_an_erased_workspace_starts_anew_and_the_old_stays_unreadable(world, shop):
    vault.erase(world.workspace.pk)
    sealed = vault.seal(b"new", context_of(shop))

    assert vault.unseal(sealed, context_of(shop)) == b"new"
    with pytest.raises(VaultError):
        opened(shop)


@pytest.mark.django_db(transaction=True)
def test_a_burst_asks_the_database_once(shop, django_assert_num_queries):
    store.forget()

    with django_assert_num_queries(2):  # the current key, and the key by its id
        for _ in range(5):
            sealed = vault.seal(b"x", context_of(shop))
            vault.unseal(sealed, context_of(shop))


@pytest.mark.django_db(transaction=True)
def test_a_deleted_key_is_forgotten_within_seconds(monkeypatch, world, shop):
    vault.unseal(shop.credentials, context_of(shop))
    keys_of(world.workspace).delete()
    assert vault.unseal(shop.credentials, context_of(shop)) == b"token-1"  # cached
    later = time.monotonic() + 5.0
    monkeypatch.setattr("time.monotonic", lambda: later)

    with pytest.raises(VaultError):
        vault.unseal(shop.credentials, context_of(shop))


@pytest.mark.django_db(transaction=True)
def test_a_key_that_was_rolled_back_seals_nothing_afterwards(world, shop):
    context = context_of(shop, workspace_id=world.other_workspace.pk)
    with transaction.atomic():
        vault.seal(b"lost", context)
        vault.seal(b"lost too", context)
        transaction.set_rollback(True)

    sealed = vault.seal(b"kept", context)
    store.forget()

    assert vault.unseal(sealed, context) == b"kept"


def test_the_cache_keeps_no_more_than_its_bound():
    for workspace_id in range(1, 2000):
        store._cache.put(
            workspace_id, 1, store.OpenKey(1, b"k"), read_at=time.monotonic()
        )

    held = [number for number in range(1, 2000) if store._cache.get(number, 1)]

    assert held == list(range(2000 - 1024, 2000))


@pytest.mark.django_db(transaction=True)
def test_first_uses_at_once_agree_on_one_data_key():
    workspace = make.workspace(slug="nova")
    start = threading.Barrier(4)
    context = vault.SecretContext(
        "integration-credentials",
        "integrations_integration.credentials",
        workspace.pk,
        1,
    )

    def seal(number):
        try:
            start.wait(timeout=10)
            store.forget()
            return vault.seal(f"secret {number}".encode(), context)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        sealed = list(pool.map(seal, range(4)))

    assert keys_of(workspace).count() == 1
    store.forget()
    assert [vault.unseal(text, context).decode() for text in sealed] == [
        f"secret {number}" for number in range(4)
    ]
    with pytest.raises(VaultError):
        vault.unseal(sealed[0], replace(context, integration_id=2))
