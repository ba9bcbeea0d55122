"""The embedded servers by themselves: what they refuse, and what they recover from."""

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from config.embedded import files, launch, postgres, valkey
from config.embedded.launch import ServerFailed


def query(home: Path, text: str):
    with psycopg.connect(
        postgres.owner_url(launch.socket_directory(home))
    ) as connection:
        return connection.execute(text).fetchone()


def test_the_role_is_plain_and_the_data_survives_a_kill(home, start_postgres):
    first = start_postgres(throw_away=False)
    with psycopg.connect(
        postgres.owner_url(launch.socket_directory(home)), autocommit=True
    ) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    os.kill(first.pid, signal.SIGKILL)
    first.wait()

    start_postgres(throw_away=False)

    assert query(home, "SELECT answer FROM kept") == (42,)
    assert query(
        home,
        "SELECT rolsuper, rolbypassrls, rolcreatedb FROM pg_roles WHERE rolname = current_user",
    ) == (False, False, True)


def test_no_tcp_port_is_opened(home, start_postgres):
    start_postgres()

    assert query(home, "SELECT current_setting('listen_addresses')") == ("",)


def test_a_pid_file_of_another_living_process_does_not_stop_a_start(
    home, start_postgres
):
    postgres.stop(start_postgres())
    (home / "postgres" / "postmaster.pid").write_text(f"{os.getpid()}\n")

    start_postgres()

    assert query(home, "SELECT 1") == (1,)


def test_a_cluster_of_another_version_is_refused_by_name(home, start_postgres):
    postgres.stop(start_postgres())
    (home / "postgres" / "PG_VERSION").write_text("9\n")

    with pytest.raises(
        ServerFailed, match=r"made by PostgreSQL 9, the installed one is"
    ):
        start_postgres()


def test_a_directory_with_other_files_is_left_alone(home, start_postgres):
    data = home / "postgres"
    data.mkdir()
    (data / "thesis.txt").write_text("the only copy")

    with pytest.raises(ServerFailed, match="no PostgreSQL cluster"):
        start_postgres()

    assert (data / "thesis.txt").read_text() == "the only copy"


def test_valkey_starts_again_after_a_kill_and_beside_files_it_cannot_read(home):
    place = {
        "data": home / "valkey",
        "sockets": launch.socket_directory(home),
        "log": home / "valkey.log",
    }
    first = valkey.start(**place)
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    (manifest,) = (home / "valkey").glob("appendonlydir/*.manifest")
    manifest.write_bytes(b"\0 nonsense \xff")

    second = valkey.start(**place)
    code = valkey.stop(second)

    assert code == 0
    assert list(home.glob("valkey.2*")), "the unreadable files were moved aside"


def test_sockets_are_in_a_private_directory_with_a_short_path(home):
    sockets = launch.socket_directory(home)

    assert len(os.fsencode(sockets)) <= launch.LONGEST_SOCKET_DIRECTORY
    assert stat.S_IMODE(sockets.stat().st_mode) == 0o700
    assert launch.socket_directory(home) == sockets


def test_a_socket_directory_that_is_a_link_is_refused(tmp_path):
    link = tmp_path / "run"
    link.symlink_to(tmp_path)

    with pytest.raises(ServerFailed, match="not a directory of this user"):
        launch.private_directory(link)


def test_a_full_disk_is_told_before_anything_is_written(tmp_path):
    with pytest.raises(ServerFailed, match=r"MB left, .* MB are needed"):
        launch.require_space(tmp_path, megabytes=2**40)


def test_a_server_dies_with_the_process_that_started_it(home):
    script = (
        "import os, signal, sys; from pathlib import Path;"
        "from config.embedded import launch, valkey;"
        "home = Path(sys.argv[1]);"
        "server = valkey.start(data=home / 'v', sockets=launch.socket_directory(home),"
        " log=home / 'v.log');"
        "print(server.pid, flush=True); os.kill(os.getpid(), signal.SIGKILL)"
    )

    done = subprocess.run(
        [sys.executable, "-c", script, str(home)],
        stdout=subprocess.PIPE,
        cwd=files.BASE_DIR,
        check=False,
        timeout=30,
    )

    assert launch.wait_until_gone(int(done.stdout), patience=5)


def test_keys_are_made_once_and_for_us_alone(tmp_path, monkeypatch):
    monkeypatch.delenv("SECRET_KEY")
    monkeypatch.delenv("INTEGRATIONS_KEY")

    assert files.ensure_keys(tmp_path) is True
    made = files.read(files.keys_file(tmp_path))
    assert files.ensure_keys(tmp_path) is False

    assert files.read(files.keys_file(tmp_path)) == made
    assert set(made) == {"SECRET_KEY", "INTEGRATIONS_KEY"}
    assert stat.S_IMODE(files.keys_file(tmp_path).stat().st_mode) == 0o600


def test_a_key_that_is_set_is_not_written(tmp_path, monkeypatch):
    monkeypatch.setenv("SECRET_KEY", "from the environment")
    monkeypatch.delenv("INTEGRATIONS_KEY")

    files.ensure_keys(tmp_path)

    assert set(files.read(files.keys_file(tmp_path))) == {"INTEGRATIONS_KEY"}


def test_addresses_of_servers_that_run_no_more_are_ignored(tmp_path):
    launch.private_directory(tmp_path / "run")
    files.write_servers(tmp_path, {"DATABASE_URL": "postgresql://gone/x"})
    assert "DATABASE_URL" not in files.environment(tmp_path)

    lock = files.take_lock(tmp_path)

    assert files.environment(tmp_path)["DATABASE_URL"] == "postgresql://gone/x"
    with pytest.raises(ServerFailed, match=f"process {os.getpid()}"):
        files.take_lock(tmp_path)
    lock.close()
