"""`make prove` in small: the harness itself works, and says so in the agreed form."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from config.embedded import files

PATIENCE = 400


@pytest.mark.slow
def test_a_small_proof_holds_and_is_written_down(tmp_path: Path):
    done = subprocess.run(
        [
            *(sys.executable, "-m", "tests.prove", "--quick"),
            *("--only", "kills_lost", "--only", "bad_input"),
            *("--only", "notifications_same"),
        ],
        cwd=files.BASE_DIR,
        env={**os.environ, "RECADO_VAR_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    rows = json.loads((tmp_path / "prove.json").read_text())
    assert [row["name"] for row in rows] == [
        "kills_lost",
        "kills_doubled",
        "kills_undone",
        "notifications_same",
        "notifications_undone",
        "notifications_killed",
        "bad_input",
    ]
    assert all(
        row.keys() == {"name", "value", "unit", "ratio", "target", "ok"} and row["ok"]
        for row in rows
    )
