"""`manage.py up` with real processes: it heals, it stops, and it leaves nothing behind."""

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from config.embedded import files
from tests.config.conftest import let_servers_enter
from tests.config.up import Up, environment, running, wait_until

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def up(tmp_path_factory) -> Iterator[Up]:
    with running(
        let_servers_enter(tmp_path_factory.mktemp("up")) / "var", demo=True
    ) as running_up:
        yield running_up


def test_ready_is_said_when_it_is_true(up):
    assert up.answers("/readyz") == 200
    assert "migrating the database" in up.said


def test_an_empty_installation_sends_itself_a_message_and_tells_how_to_sign_in(up):
    assert re.search(
        r"sign in as admin@recado\.localhost with the password \S{16} \(shown once\)",
        up.said,
    )
    assert re.search(
        r"1 message received, attributed to link instagram-bio, visible after \d+ ms",
        up.said,
    )


def test_the_central_server_runs_beside_it_with_recado_as_its_client(up):
    told = files.environment(up.var)

    assert up.answers("/.well-known/jwks.json", port=up.central_port) == 200
    assert told["OIDC_ISSUER"] == f"http://localhost:{up.central_port}"
    assert told["OAUTH_CLIENT_ID"] == told["CENTRAL_CLIENT_ID"]
    with psycopg.connect(told["CENTRAL_DATABASE_URL"]) as connection:
        person = connection.execute(
            "SELECT email, sub::text FROM accounts_user JOIN central_person ON user_id = id"
        ).fetchall()
        clients = connection.execute(
            "SELECT id, redirect_uris FROM allauth_idp_oidc_client"
        ).fetchall()
    assert person == [("admin@recado.localhost", told["CENTRAL_FIRST_SUB"])]
    assert clients == [
        (
            told["OAUTH_CLIENT_ID"],
            f"http://127.0.0.1:{up.port}/account/sso/callback/",
        )
    ]
    with psycopg.connect(told["DATABASE_URL"]) as connection:
        owner = connection.execute(
            "SELECT oauth_issuer, oauth_id FROM accounts_user"
        ).fetchall()
    assert owner == [(told["OIDC_ISSUER"], told["CENTRAL_FIRST_SUB"])]


def test_a_command_beside_it_finds_its_servers_and_keys(up):
    done = subprocess.run(
        [sys.executable, "manage.py", "doctor"],
        cwd=files.BASE_DIR,
        env=environment(up.var),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert "database: PostgreSQL" in done.stdout
    assert "migrations: all applied" in done.stdout


def test_a_second_one_from_the_same_directory_is_refused(up):
    second = Up(up.var)

    assert second.process.wait(30) == 1
    assert f"already runs from {up.var} (process {up.process.pid})" in second.said


def test_a_port_that_is_taken_is_named(up, tmp_path):
    done = subprocess.run(
        [sys.executable, "manage.py", "up", "--port", str(up.port)],
        cwd=files.BASE_DIR,
        env=environment(tmp_path / "var"),
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )

    assert done.returncode == 1
    assert f"port {up.port} cannot be used" in done.stdout
    assert f"make run PORT={up.port + 1}" in done.stdout
    assert not (tmp_path / "var").exists()


def test_a_server_described_by_halves_is_told_before_anything_starts(tmp_path):
    one = Up(tmp_path / "var", told={"OAUTH_CLIENT_SECRET": "x" * 40})

    assert one.process.wait(30) == 1
    assert "OAUTH_CLIENT_SECRET" in one.said
    assert "neither OIDC_ISSUER nor OAUTH_SERVER_URL names it" in one.said
    assert not (tmp_path / "var").exists()


def test_beside_a_server_of_the_operators_own_there_is_no_central_one(tmp_path_factory):
    place = let_servers_enter(tmp_path_factory.mktemp("own-server")) / "var"
    own = {
        "OAUTH_SERVER_URL": "http://127.0.0.1:9",
        "OAUTH_CLIENT_ID": "recado",
        "OAUTH_CLIENT_SECRET": "secret",
    }

    with running(place, told=own) as up:
        assert up.answers("/readyz") == 200
        assert up.answers("/healthz", port=up.central_port) == 0
        assert not any("central_wsgi" in words for words in up.processes().values())
        assert "CENTRAL_CLIENT_SECRET" not in files.keys_file(place).read_text()


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("web", "config.asgi:application"),
        ("central", "config.central_wsgi:application"),
        ("worker", "-Q default,inbox,outbox"),
        ("media", "-Q media"),
        ("beat", "config.clock beat"),
        ("postgres", "bin/postgres"),
        ("valkey", "valkey-server"),
    ],
)
def test_a_killed_child_is_started_again(up, name, words):
    up.kill_child(words)

    up.wait_until_said(f"{name} ended with signal SIGKILL; starting it again")
    wait_until(lambda: any(words in command for command in up.processes().values()))
    # Both servers: the next test finds them as this one leaves them.
    wait_until(up.is_well)
    assert up.is_well()


def test_a_database_started_again_breaks_no_later_request(up):
    addresses = [("/readyz", up.port), ("/.well-known/jwks.json", up.central_port)]
    for path, port in addresses:
        assert set(at_once(up, path, port)) == {200}
    before = up.said.count("postgres ended with signal SIGKILL")
    up.kill_child("bin/postgres")
    up.wait_until_said("postgres ended with signal SIGKILL", times=before + 1)
    # Not by asking the servers: each question would clear a broken connection away.
    wait_until(lambda: database_answers(up))

    # Seldom is the whole pool needed, so it is asked several times.
    for path, port in addresses * 5:
        assert set(at_once(up, path, port)) == {200}


def database_answers(up: Up) -> bool:
    try:
        with psycopg.connect(files.environment(up.var)["DATABASE_URL"]):
            return True
    except (psycopg.OperationalError, OSError):
        return False


def at_once(up: Up, path: str, port: int) -> list[int]:
    """As many requests side by side as fill a pool of connections."""
    with ThreadPoolExecutor(16) as threads:
        asked = [threads.submit(up.answers, path, port=port) for _ in range(64)]
        return [one.result() for one in asked]


def test_ctrl_c_stops_everything_with_code_0(place):
    with running(place / "var") as one:
        assert len(one.processes()) > 6

        assert one.stop(signal.SIGINT) == 0

        assert one.processes() == {}
        assert not files.servers_file(one.var).exists()


def test_nothing_outlives_a_supervisor_that_was_killed(place):
    with running(place / "var") as one:
        one.stop(signal.SIGKILL)

        wait_until(lambda: not one.processes(), seconds=15)

        assert one.processes() == {}


def test_stopping_while_it_starts_leaves_nothing(place):
    one = Up(place / "var")
    one.wait_until_said("migrating the database")

    assert one.stop(signal.SIGTERM) == 0
    assert one.processes() == {}
