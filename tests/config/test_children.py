"""Restarts of one child: pauses that grow, and an end to a crash loop."""

import subprocess
import sys
import time

import pytest

from config.embedded import children
from config.embedded.children import Child, CrashLoop, Pipes, Terminal
from config.embedded.launch import ServerFailed


def dying() -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        [sys.executable, "-c", "raise SystemExit(3)"], start_new_session=True
    )
    process.wait()
    return process


def test_a_child_that_keeps_dying_ends_in_a_crash_loop_that_names_it():
    said: list[str] = []
    child = Child("worker", dying, process=dying())

    def watch_for_a_while() -> None:
        for second in range(40):
            child.watch(float(second), said.append)

    with pytest.raises(CrashLoop, match=r"worker ended with code 3; it died 6 times"):
        watch_for_a_while()

    pauses = [line.rsplit(" in ", 1)[1] for line in said]
    assert pauses == ["0.25 s", "0.5 s", "1 s", "2 s", "4 s"]


def test_deaths_that_are_far_apart_are_no_crash_loop():
    child = Child("worker", dying, process=dying())

    for second in range(0, 1000, 50):
        child.watch(float(second), lambda _: None)

    assert len(child.deaths) <= 2


def test_a_server_that_cannot_start_counts_as_dead():
    def failing() -> subprocess.Popen[bytes]:
        raise ServerFailed("the disk is full")

    said: list[str] = []
    child = Child("postgres", failing, process=dying())

    child.watch(0.0, said.append)
    child.watch(1.0, said.append)

    assert said[1].startswith("postgres the disk is full; starting it again")


@pytest.mark.parametrize(
    ("as_json", "expected"),
    [
        (False, ["web      | plain", 'web      | {"event": "x"}', "web      | half"]),
        (
            True,
            [
                '{"process": "web", "event": "plain"}',
                '{"event": "x"}',
                '{"process": "web", "event": "half"}',
            ],
        ),
    ],
)
def test_every_line_carries_the_name_of_its_child(capsys, tmp_path, as_json, expected):
    pipes = Pipes(Terminal(as_json=as_json))
    script = 'print("plain"); print(\'{"event": "x"}\'); print("half", end="")'

    process = children.spawn_with_pipe(
        "web", [sys.executable, "-c", script], pipes=pipes, env={}, cwd=tmp_path
    )
    process.wait()
    for _ in range(3):
        pipes.pump(0.1)

    assert capsys.readouterr().out.splitlines() == expected


def test_a_child_that_ignores_the_request_is_killed_with_its_own_children():
    script = (
        "import os, signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        "os.fork(); print('up', flush=True); time.sleep(60)"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, start_new_session=True
    )
    assert process.stdout is not None
    process.stdout.readline()
    started = time.monotonic()

    children.stop_all(
        [Child("worker", dying, process=process)],
        Pipes(Terminal(as_json=False)),
        patience=0.3,
    )

    assert process.returncode == -9
    assert time.monotonic() - started < 5
    # The grandchild held the pipe: its end shows that it is gone too.
    process.stdout.read()
    process.stdout.close()
