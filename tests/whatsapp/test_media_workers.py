"""Workers that fetch received files: each once, whoever dies or is late; and what is deleted."""

import io
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from tests.conftest import World
from tests.factories import integrations as make_room_1
from tests.factories import whatsapp as make
from tests.threads import together
from tests.walls import app_url, as_app
from tests.whatsapp import pictures
from tests.whatsapp.filehost import FileHost
from tests.whatsapp.received import (
    again,
    drain,
    files,
    make_due,
    provided,
    receiving,
    sweep,
)
from whatsapp.models import LooseFile
from whatsapp.services import file_store, media_fetching, media_results

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def host(
    settings: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> Iterator[FileHost]:
    with provided(settings, monkeypatch, tmp_path) as served:
        yield served


@pytest.fixture
def receive(world: World, host: FileHost) -> Any:
    """A message with a file that the provider has, as `kind`; a number is a status."""
    return receiving(world, host)


# --- workers ---------------------------------------------------------------------
def test_two_workers_fetch_each_file_once(receive: Any, host: FileHost) -> None:
    assets = [receive(pictures.png()) for _ in range(12)]

    together(drain, drain, drain)

    assert {again(one).state for one in assets} == {"stored"}
    assert set(host.asked.values()) == {1}


def test_what_a_dead_worker_held_is_fetched_when_its_lease_ends(
    receive: Any, host: FileHost
) -> None:
    asset = receive(pictures.png())
    with as_app():
        [job] = media_fetching._claim(5)
        file_store.save(job.key, io.BytesIO(b"half of it"))  # and then it dies
    assert drain().endings == {}

    make_due(asset)
    drain()

    assert again(asset).state == "stored"
    assert asset.attempts == 2
    assert job.key in files()
    assert sweep() == 2
    assert files() == sorted([asset.storage_key, asset.preview_key])


def test_file_that_kills_its_workers_is_kept_without_a_picture(receive: Any) -> None:
    asset = receive(pictures.png(), lease_token=uuid.uuid4(), silences=1)

    drain()

    assert (again(asset).state, asset.preview_key) == ("stored", "")
    assert asset.silences == 0


def test_file_that_goes_on_killing_is_left_alone(receive: Any, host: FileHost) -> None:
    asset = receive(pictures.png(), lease_token=uuid.uuid4(), silences=4)

    drain()

    assert (again(asset).state, asset.reason) == ("refused", "worker_gone")
    assert host.asked[asset.external_id] == 0


def test_killed_worker_leaves_its_file_to_the_next_one_and_nothing_behind(
    receive: Any, host: FileHost, tmp_path: Any
) -> None:
    host.hang = 3
    asset = receive(pictures.png())
    host.slow.add(asset.external_id)
    worker = _worker(host, tmp_path)
    until = time.monotonic() + 60
    while not host.asked[asset.external_id] and time.monotonic() < until:
        time.sleep(0.05)

    worker.kill()
    worker.wait(10)

    assert host.asked[asset.external_id] == 1
    assert (again(asset).state, asset.attempts) == ("pending", 1)
    assert asset.lease_token is not None
    assert LooseFile.objects.count() == 2
    host.slow.clear()
    make_due(asset)
    drain()
    assert (again(asset).state, asset.attempts, asset.silences) == ("stored", 2, 0)
    sweep()
    assert files() == sorted([asset.storage_key, asset.preview_key])
    assert LooseFile.objects.count() == 0


def _worker(host: FileHost, var: Path) -> "subprocess.Popen[bytes]":
    """A process of its own, which may be killed, on the same rows and files."""
    name = str(connection.settings_dict["NAME"])
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "tests.browser.settings",
        "DATABASE_URL": app_url(os.environ["DATABASE_URL"], name),
        "RECADO_VAR_DIR": str(var),
        "STATIC_ROOT": str(var / "static"),
        "META_API_BASE": f"http://{host.host}",
        "EGRESS_ALLOWED_HOSTS": host.host,
    }
    command = [sys.executable, "manage.py", "fetch_media", "--seconds", "30"]
    return subprocess.Popen(command, cwd=Path(__file__).parents[2], env=environment)


def test_worker_that_comes_back_too_late_changes_nothing(receive: Any) -> None:
    asset = receive(pictures.png())
    with as_app():
        [late] = media_fetching._claim(5)
    make_due(asset)
    drain()
    before = again(asset).storage_key

    with as_app():
        outcome = media_fetching._fetch(late)
        ending = media_results.record(
            late.asset, late.lease_token, outcome, announced=late.announced
        )

    assert ending == media_results.TAKEN_AWAY
    assert again(asset).storage_key == before
    sweep()
    assert files() == sorted([asset.storage_key, asset.preview_key])


def test_todays_files_come_before_those_of_a_history_and_workspaces_take_turns(
    receive: Any, world: World
) -> None:
    old = [receive(pictures.png(), is_bulk=True) for _ in range(3)]
    new = receive(pictures.png())
    other_channel = make_room_1.channel(world.other_workspace)
    other_talk = make.conversation(make.lead(world.other_workspace), other_channel)
    theirs = make.media(
        make.message(other_talk, kind="image"), external_id="x", is_bulk=True
    )

    with as_app():
        [first] = media_fetching._claim(1)
        [second] = media_fetching._claim(1, after_workspace=world.workspace.pk)
        rest = media_fetching._claim(5)

    assert first.asset == new
    assert second.asset == theirs
    assert {job.asset for job in rest} == set(old)


# --- deleting --------------------------------------------------------------------
def test_files_go_with_their_message_and_with_their_workspace(
    receive: Any, world: World
) -> None:
    first, second = receive(pictures.png()), receive(pictures.png())
    drain()
    assert len(files()) == 4

    again(first).message.delete()
    with as_app():
        assert file_store.sweep(now=timezone.now(), is_dry=True) == 2
        assert file_store.sweep(now=timezone.now()) == 2
    assert files() == sorted([again(second).storage_key, second.preview_key])

    second.message.conversation.delete()
    with as_app():
        file_store.sweep(now=timezone.now())
    assert files() == []
    assert LooseFile.objects.count() == 0
