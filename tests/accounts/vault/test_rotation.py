import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import DatabaseError, connection
from django.utils import timezone

from accounts import audit, vault
from accounts.models import AuditChain, DataKey
from accounts.scoping import workspace_transaction
from accounts.vault import cipher, columns, keyring, rotation, store
from integrations.models import Integration
from tests.accounts.vault.conftest import context_of, opened

NEXT_ROOT = b"n" * 32
KEYS = DataKey.objects.unscoped("test")


@pytest.fixture
def shops(world, sealed_integration):
    """Three integrations of one workspace and one of another, two audit entries."""
    for workspace in (world.workspace, world.other_workspace):
        audit.record(workspace=workspace, action="workspace.added")
    return [
        *(
            sealed_integration(world.workspace, f"token-{name}", name=name)
            for name in "abc"
        ),
        sealed_integration(world.other_workspace, "token-d", name="d"),
    ]


@pytest.fixture
def next_root(settings):
    settings.INTEGRATIONS_KEYS_OLD = [settings.INTEGRATIONS_KEY]
    settings.INTEGRATIONS_KEY = NEXT_ROOT


def texts(shops):
    return [opened(shop) for shop in shops]


def under_root(root_key_id):
    return sum(
        model.objects.unscoped("test").filter(root_key_id=root_key_id).count()
        for model in (DataKey, AuditChain)
    )


def test_a_new_root_key_takes_over_every_key(shops, next_root, settings):
    tally = rotation.reseal_keys(batch=1)
    settings.INTEGRATIONS_KEYS_OLD = []

    assert (tally.done, tally.failed) == (4, [])
    assert under_root(keyring.current().id) == 4
    assert texts(shops) == ["token-a", "token-b", "token-c", "token-d"]


def test_the_audit_chain_stays_provable_under_a_new_root_key(
    world, shops, next_root, settings
):
    rotation.reseal_keys()
    settings.INTEGRATIONS_KEYS_OLD = []
    audit.record(workspace=world.workspace, action="after")

    report = audit.verify(world.workspace)

    assert (report.is_intact, report.entries) == (True, 2)


def test_a_second_run_finds_nothing_to_do(shops, next_root):
    rotation.reseal_keys()

    assert rotation.reseal_keys().done == 0
    assert rotation.reseal_secrets().done == 0


def test_a_key_that_does_not_open_is_named_and_the_rest_moves_on(
    world, shops, next_root
):
    broken = KEYS.get(workspace=world.workspace)
    KEYS.filter(pk=broken.pk).update(sealed=broken.sealed[:-4] + "AAAA")

    tally = rotation.reseal_keys()

    assert tally.failed == [f"accounts_datakey.sealed {broken.pk}"]
    assert tally.done == 3


def test_new_data_keys_take_over_every_secret(shops):
    before = set(KEYS.values_list("pk", flat=True))

    made = rotation.replace_data_keys(now=timezone.now())
    tally = rotation.reseal_secrets(batch=1)

    assert (made, tally.done, tally.failed) == (2, 4, [])
    assert rotation.count_under_retired_keys() == 0
    used = {
        cipher.key_id_of(shop.credentials)
        for shop in Integration.objects.unscoped("test")
    }
    assert used.isdisjoint(before)
    assert texts(shops) == ["token-a", "token-b", "token-c", "token-d"]


def test_data_keys_made_after_the_run_began_are_left_alone(shops):
    assert rotation.replace_data_keys(now=timezone.now() - timedelta(hours=1)) == 0


def test_a_secret_that_does_not_open_is_named_and_the_rest_moves_on(shops):
    rotation.replace_data_keys(now=timezone.now())
    Integration.objects.unscoped("test").filter(pk=shops[1].pk).update(secret_version=9)

    tally = rotation.reseal_secrets()

    assert tally.failed == [f"integrations_integration.credentials {shops[1].pk}"]
    assert tally.done == 3


def test_a_secret_written_meanwhile_is_not_overwritten(shops, world):
    """Between the read and the write of one row, somebody saves new credentials."""
    column = columns.SEALED_COLUMNS[0]
    rotation.replace_data_keys(now=timezone.now())
    row = next(column.iterate(batch=1))
    shop = Integration.objects.for_workspace(world.workspace).get(pk=row["id"])
    shop.credentials = vault.seal(b"newer", context_of(shop))
    shop.save()

    assert rotation._reseal_secret(column, row) == 0
    assert opened(shop) == "newer"


@pytest.mark.django_db(transaction=True)
def test_an_interrupted_run_is_gone_on_with(world, shops, next_root):
    """The database dies at the third row; whatever was done stays done and opens."""
    rotation.replace_data_keys(now=timezone.now())
    with connection.cursor() as cursor:
        cursor.execute(
            """
            CREATE FUNCTION pg_temp.die() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN RAISE EXCEPTION 'power cut'; END $$
            """
        )
        cursor.execute(
            "CREATE TRIGGER die BEFORE UPDATE ON integrations_integration FOR EACH ROW"
            f" WHEN (NEW.id = {shops[2].pk}) EXECUTE FUNCTION pg_temp.die()"
        )
        try:
            with pytest.raises(DatabaseError, match="power cut"):
                rotation.reseal_secrets(batch=2)
        finally:
            cursor.execute("DROP TRIGGER die ON integrations_integration")
    assert rotation.count_under_retired_keys() == 2
    assert texts(shops) == ["token-a", "token-b", "token-c", "token-d"]

    tally = rotation.reseal_secrets(batch=2)

    assert (tally.done, tally.failed) == (2, [])
    assert rotation.count_under_retired_keys() == 0
    assert texts(shops) == ["token-a", "token-b", "token-c", "token-d"]


@pytest.mark.django_db(transaction=True)
def test_keys_rotate_under_writers_and_no_write_is_lost(shops, next_root):
    stop = threading.Event()

    def write(shop):
        """Change the credentials again and again, as the connections service does."""
        written = 0
        try:
            while not stop.is_set() or written < 20:
                written += 1
                shop.secret_version += 1
                shop.credentials = vault.seal(
                    f"token-{shop.name}-{written}".encode(), context_of(shop)
                )
                with workspace_transaction(shop.workspace_id):
                    shop.save(update_fields=["credentials", "secret_version"])
        finally:
            connection.close()
        return f"token-{shop.name}-{written}"

    with ThreadPoolExecutor(len(shops)) as pool:
        writers = [pool.submit(write, shop) for shop in shops]
        try:
            for _ in range(5):
                assert rotation.reseal_keys(batch=2).failed == []
                assert rotation.replace_data_keys(now=timezone.now()) == 2
                rotation.reseal_secrets(batch=2)
        finally:
            stop.set()
        expected = [writer.result(timeout=60) for writer in writers]

    rotation.reseal_secrets()

    assert texts(shops) == expected
    assert rotation.count_under_retired_keys() == 0
    assert all(not tally.failed for tally in rotation.verify().values())


@pytest.mark.django_db(transaction=True)
def test_two_rotations_at_once_make_one_new_key(shops, world):
    key = KEYS.get(workspace=world.workspace)
    start = threading.Barrier(2)

    def replace(now):
        try:
            connection.ensure_connection()
            start.wait(timeout=10)
            return store.replace_current(key.workspace_id, expected_id=key.pk, now=now)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        made = list(pool.map(replace, [timezone.now()] * 2))

    assert sorted(made) == [False, True]
    assert KEYS.filter(workspace=world.workspace).count() == 2


def test_retired_keys_go_only_when_old_and_unused(shops, world):
    now = timezone.now()
    rotation.replace_data_keys(now=now)
    assert rotation.drop_retired_keys(now=now + timedelta(days=2)) == 0  # in use
    rotation.reseal_secrets()
    assert rotation.drop_retired_keys(now=now + timedelta(hours=23)) == 0  # young

    assert rotation.drop_retired_keys(now=now + timedelta(days=1)) == 2
    assert texts(shops) == ["token-a", "token-b", "token-c", "token-d"]


def test_no_key_is_dropped_while_a_secret_cannot_be_read(shops):
    now = timezone.now()
    rotation.replace_data_keys(now=now)
    rotation.reseal_secrets()
    Integration.objects.unscoped("test").filter(pk=shops[0].pk).update(credentials="?")

    with pytest.raises(vault.VaultError):
        rotation.drop_retired_keys(now=now + timedelta(days=2))

    assert KEYS.count() == 4


def test_every_registered_column_exists():
    for column in columns.SEALED_COLUMNS:
        names = {
            field.column
            for field in column.model()._meta.get_fields()
            if field.concrete
        }
        assert {column.column} | column.context_from() <= names
