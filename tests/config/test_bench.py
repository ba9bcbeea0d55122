"""`make bench`: it runs, its JSON has the promised form, and a missed target is a failure."""

import json
import os
import subprocess
import sys
import uuid
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.db import connection

from config.embedded import files
from tests.bench import pgbench, report
from tests.bench.registry import MEASURES
from tests.bench.report import Bound, Row


def run_bench(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "tests.bench", *arguments],
        cwd=files.BASE_DIR,
        capture_output=True,
        text=True,
        check=False,
        timeout=180,
    )


def test_one_measure_runs_on_a_given_server_and_writes_json(tmp_path):
    output = tmp_path / "bench.json"

    done = run_bench(
        *("--only", "parse", "vault", "--quick", "--json", str(output)),
        *("--database-url", os.environ["DATABASE_URL"]),
    )

    rows = json.loads(output.read_text()) if output.exists() else []
    assert [row["name"] for row in rows] == ["parse", "vault"], done.stderr
    for row in rows:
        assert list(row) == ["name", "value", "unit", "ratio", "target", "ok"]
        assert row["value"] > 0
        assert row["unit"] == "µs"
    assert rows[1]["target"] == 200
    assert done.returncode == (0 if all(row["ok"] for row in rows) else 1)
    assert "PostgreSQL:" in done.stdout


def test_a_server_that_is_not_there_is_told_without_a_traceback(tmp_path):
    done = run_bench(
        *("--only", "vault", "--quick", "--json", str(tmp_path / "bench.json")),
        *("--database-url", "postgresql://nobody@127.0.0.1:1/nothing"),
    )

    assert done.returncode == 2
    assert "The bench cannot run" in done.stderr
    assert "Traceback" not in done.stderr


def test_every_measure_of_the_registry_can_be_loaded():
    assert all(callable(measure.load()) for measure in MEASURES)


@pytest.mark.parametrize(
    ("bound", "value", "ratio", "is_ok", "verdict"),
    [
        (Bound.RATIO_AT_LEAST, 10, 0.5, True, "ok"),
        (Bound.RATIO_AT_LEAST, 10, 0.4, False, "MISSED: 20% under the target"),
        (Bound.RATIO_AT_LEAST, 10, None, False, "NOT MEASURED"),
        (Bound.RATIO_AT_MOST, 10, 0.6, False, "MISSED: 20% over the target"),
        (Bound.VALUE_AT_MOST, 0.5, None, True, "ok"),
        (Bound.VALUE_AT_MOST, 0.75, None, False, "MISSED: 50% over the target"),
        (Bound.VALUE_AT_LEAST, 0.5, None, True, "ok"),
        (Bound.VALUE_AT_LEAST, 0.4, None, False, "MISSED: 20% under the target"),
        (Bound.NONE, 10, None, True, ""),
        (Bound.NONE, None, None, False, "NOT MEASURED"),
    ],
)
def test_a_row_says_by_how_much_it_missed(bound, value, ratio, is_ok, verdict):
    row = Row("x", value, "ms", ratio=ratio, target=0.5, bound=bound)

    assert (row.ok, row.verdict) == (is_ok, verdict)
    assert verdict in report.table([row])


def test_a_target_of_zero_is_met_by_zero_alone():
    kept, missed = (
        Row("x", value, "messages", target=0, bound=Bound.VALUE_AT_MOST)
        for value in (0, 1)
    )

    assert (kept.ok, kept.verdict) == (True, "ok")
    assert (missed.ok, missed.verdict) == (False, "MISSED: over the target")


def test_the_docs_page_holds_the_machine_and_every_row(tmp_path: Path):
    row = Row("x", 1234.5, "posts/s", ratio=0.75, note="a|b")

    report.write_docs(
        tmp_path / "bench.md", [row], machine={"CPU": "fast"}, about=[("x", "a thing")]
    )

    text = (tmp_path / "bench.md").read_text()
    assert "- CPU: fast" in text
    assert "| x | 1,234 posts/s | 0.75 x | - |  | a\\|b |" in text
    assert "- `x`: a thing" in text


@pytest.mark.django_db
@pytest.mark.parametrize("body", [b'{"text":"Ol\\u00e1, d\'\\"agua"}', b"\x00\xff\n'"])
def test_pgbench_writes_the_same_bytes(body):
    statement = pgbench.insert_statement(
        "row",
        ["key", "n", "at", "body", "nothing"],
        [uuid.uuid4(), 7, datetime.now(UTC), body, None],
    )

    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TEMP TABLE row (key uuid, n int, at timestamptz, body bytea, nothing text)"
        )
        cursor.execute(statement)
        cursor.execute("SELECT body, n, nothing FROM row")
        stored, number, nothing = cursor.fetchone()

    assert (bytes(stored), number, nothing) == (body, 7, None)
