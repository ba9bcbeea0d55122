"""`manage.py doctor` names what is wrong, its cure, and ends with a code."""

import json
import os
import subprocess
import sys

import pytest
from django.conf import settings as in_force

from config.embedded import files


def doctor(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """As an operator calls it, on the test servers unless a setting says otherwise."""
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "config.settings.dev",
        **settings,
    }
    return subprocess.run(
        [sys.executable, "manage.py", "doctor", *arguments],
        cwd=files.BASE_DIR,
        env={name: value for name, value in environment.items() if value},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def findings(done: subprocess.CompletedProcess[str]) -> dict[str, dict[str, str]]:
    return {finding["name"]: finding for finding in json.loads(done.stdout)}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SECRET_KEY", ""),
        ("INTEGRATIONS_KEY", "too-short"),
        ("DATABASE_POOL_SIZE", "many"),
        ("PUBLIC_URL", "recado.example"),
        ("REDIS_URL", "http://127.0.0.1"),
    ],
)
def test_a_bad_setting_is_found_before_anything_else(tmp_path, name, value):
    done = doctor("--json", RECADO_VAR_DIR=str(tmp_path), **{name: value})

    finding = findings(done)["settings"]
    assert done.returncode == 1
    assert finding["state"] == "bad"
    assert name in finding["detail"]
    assert finding["cure"]


def test_nothing_set_and_nothing_running_says_to_start_it(tmp_path):
    done = doctor(RECADO_VAR_DIR=str(tmp_path), DATABASE_URL="", REDIS_URL="")

    assert done.returncode == 1
    assert "Start `make run`" in done.stdout
    assert "embedded PostgreSQL" in done.stdout


def test_a_database_that_is_away_is_bad_and_redis_only_a_warning(tmp_path):
    done = doctor(
        "--json",
        RECADO_VAR_DIR=str(tmp_path),
        DATABASE_URL="postgresql://recado:open-sesame@127.0.0.1:1/recado",
        REDIS_URL="redis://127.0.0.1:1",
    )

    found = findings(done)
    assert done.returncode == 1
    assert found["database"]["state"] == "bad"
    assert found["redis"]["state"] == "warn"
    assert "open-sesame" not in done.stdout + done.stderr


def test_production_with_a_sandbox_is_bad(tmp_path):
    done = doctor(
        "--json",
        RECADO_VAR_DIR=str(tmp_path),
        DJANGO_SETTINGS_MODULE="config.settings.production",
        PUBLIC_URL="https://recado.example",
        RECADO_SANDBOX="1",
        SECRET_KEY="a-long-enough-secret-for-the-check-0123456789-abcdef",
    )

    found = findings(done)
    assert done.returncode == 1
    assert found["recado.E003"]["state"] == "bad"
    assert "recado.E004" not in found


def test_a_keys_file_that_others_can_read_is_bad(tmp_path):
    files.ensure_keys(tmp_path)
    files.keys_file(tmp_path).write_text("SECRET_KEY=x\n")
    files.keys_file(tmp_path).chmod(0o644)

    done = doctor("--json", RECADO_VAR_DIR=str(tmp_path))

    assert findings(done)["keys file"]["state"] == "bad"


def test_the_limits_in_force_are_shown(tmp_path):
    done = doctor(
        "--json",
        RECADO_VAR_DIR=str(tmp_path),
        RATE_SIGN_IN_ACCOUNT="7/2m",
        RATE_LINK_CLICK="off",
        TRUSTED_PROXIES="10.1.0.0/16",
    )

    found = findings(done)["limits"]
    assert found["state"] == "ok"
    assert "sign_in_account 7/2m" in found["detail"]
    assert "link_click off" in found["detail"]
    assert "webhook_requests 200/1s" in found["detail"]
    assert "trusted proxies: 10.1.0.0/16" in found["detail"]
    for name in in_force.RATE_LIMITS:
        assert f"{name} " in found["detail"]


def test_whose_tokens_open_the_api_is_shown(tmp_path):
    alone = doctor("--json", RECADO_VAR_DIR=str(tmp_path))
    beside = doctor(
        "--json",
        RECADO_VAR_DIR=str(tmp_path),
        OAUTH_SERVER_URL="http://127.0.0.1:9",
        OAUTH_CLIENT_ID="recado",
        OAUTH_CLIENT_SECRET="secret",
        OAUTH_API_CLIENTS="crm, erp",
        OAUTH_API_WRITE_SCOPE="recado:write",
    )

    assert "service tokens" in findings(alone)["bearers"]["detail"]
    told = findings(beside)["bearers"]["detail"]
    assert "http://127.0.0.1:9/api/verify" in told
    assert "OAUTH_API_CLIENTS: crm, erp" in told
    assert "read reads, recado:write writes" in told


def test_production_that_trusts_no_proxy_is_told(tmp_path):
    done = doctor(
        "--json",
        RECADO_VAR_DIR=str(tmp_path),
        DJANGO_SETTINGS_MODULE="config.settings.production",
        PUBLIC_URL="https://recado.example",
        TRUSTED_PROXIES="",
    )

    found = findings(done)["limits"]
    assert found["state"] == "warn"
    assert "TRUSTED_PROXIES" in found["cure"]


def test_the_storage_of_files_is_tried_and_left_empty(tmp_path):
    done = doctor("--json", RECADO_VAR_DIR=str(tmp_path))

    storage = findings(done)["storage"]
    assert storage["state"] == "ok"
    assert str(tmp_path / "media") in storage["detail"]
    assert [one for one in (tmp_path / "media").rglob("*") if one.is_file()] == []


def test_a_storage_that_takes_nothing_is_bad(tmp_path):
    (tmp_path / "file").write_text("a file, where a folder should be")

    done = doctor(
        "--json", RECADO_VAR_DIR=str(tmp_path), MEDIA_ROOT=str(tmp_path / "file" / "x")
    )

    storage = findings(done)["storage"]
    assert done.returncode == 1
    assert storage["state"] == "bad"
    assert "MEDIA_ROOT" in storage["cure"]
