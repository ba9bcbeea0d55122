"""A run of the session monitor over many connected numbers of a provider on the loopback."""

import json
import secrets
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from django.db.models.functions import Now

from accounts.models import Workspace
from accounts.vault import seal_json
from config.embedded import files
from integrations.gateway import credentials_context
from integrations.models import Channel, Integration, Session
from tests.bench.house import House, HouseFailed
from tests.bench.report import Bound, Row

SESSIONS = 5000
WORKSPACES = 100
ANSWER_SECONDS = 0.1
MOST_SECONDS = 30.0
MOST_MEGABYTES = 300.0
ROUNDS = 3
_COMMAND = ("check_sessions", "--json")
# A process counts as its own the most that whoever forked it held until then: this one is
# small, and the bench is not.
_WEIGHED = """
import resource, subprocess, sys
status = subprocess.call(sys.argv[1:])
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(status)
"""


def monitor(house: House) -> list[Row]:
    """Each round is the command that the beat's task is, in a process of its own."""
    house.ready()
    sessions = 300 if house.is_quick else SESSIONS
    _furnish(sessions, WORKSPACES if sessions == SESSIONS else 10)
    with _provider() as host:
        env = house.env | {
            "META_API_BASE": f"http://{host}",
            "EGRESS_ALLOWED_HOSTS": host,
        }
        runs = [_run(env, sessions) for _ in range(ROUNDS)]
    Workspace.objects.filter(slug__startswith="monitor-").delete()
    told = sorted(seconds for seconds, _ in runs)
    most = max(megabytes for _, megabytes in runs)
    note = f"{sessions} sessions of {WORKSPACES} workspaces, {ROUNDS} runs"
    bound = Bound.VALUE_AT_MOST
    return [
        Row(
            "monitor",
            told[-1],
            "s",
            target=MOST_SECONDS,
            bound=bound,
            note=f"{note}; the quickest {told[0]:.1f} s",
        ),
        Row("monitor_memory", most, "MB", target=MOST_MEGABYTES, bound=bound),
    ]


def _run(env: dict[str, str], sessions: int) -> tuple[float, float]:
    """Seconds that a run says it took, and the most memory that its process ever held."""
    every = Session.objects.unscoped("bench")
    every.update(next_check_at=Now() + timedelta(days=1))  # other measures have theirs
    ours = every.filter(workspace__slug__startswith="monitor-")
    ours.update(next_check_at=Now() - timedelta(seconds=1))
    child = subprocess.run(
        [sys.executable, "-c", _WEIGHED, sys.executable, "manage.py", *_COMMAND],
        cwd=files.BASE_DIR,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    if child.returncode != 0:
        raise HouseFailed(
            f"check_sessions: {child.stdout[-300:]} {child.stderr[-1500:]}"
        )
    said, _, kilobytes = child.stdout.rstrip().rpartition("\n")
    told: dict[str, Any] = json.loads(said)
    if told["asked"] != sessions or told["states"] != {"connected": sessions}:
        raise HouseFailed(f"not everybody was asked and well: {told}")
    return float(told["seconds"]), int(kilobytes) / 1024


@contextmanager
def _provider() -> Iterator[str]:
    """The twin of the tests, in a process of its own."""
    twin = subprocess.Popen(
        [sys.executable, "-m", "tests.twins.numbers", "--delay", str(ANSWER_SECONDS)],
        cwd=files.BASE_DIR,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert twin.stdout is not None
        port = int(twin.stdout.readline())
        yield f"127.0.0.1:{port}"
    finally:
        twin.terminate()
        twin.wait(timeout=10)


def _furnish(sessions: int, workspaces: int) -> None:
    """Connected numbers, shared out among workspaces, each with credentials of its own."""
    each = sessions // workspaces
    for place in range(workspaces):
        name = f"monitor-{place}-{secrets.token_hex(4)}"
        workspace = Workspace.objects.create(slug=name, name=name)
        integrations = Integration.objects.bulk_create(
            Integration(workspace=workspace, provider="meta_cloud", name=f"n{number}")
            for number in range(each)
        )
        for number, integration in enumerate(integrations):
            integration.credentials = seal_json(
                _credentials(place * each + number), credentials_context(integration)
            )
        Integration.objects.unscoped("bench").bulk_update(integrations, ["credentials"])
        channels = Channel.objects.bulk_create(
            Channel(
                workspace=workspace,
                integration=integration,
                provider="meta_cloud",
                phone=f"+55119{place * each + number:08d}",
                external_id=_number_id(place * each + number),
                state="connected",
            )
            for number, integration in enumerate(integrations)
        )
        Session.objects.bulk_create(
            Session(
                workspace=workspace,
                channel=channel,
                kind="credentials",
                external_id=channel.external_id or "",
                state="connected",
                probe_state="connected",
                provider_state="CONNECTED",
                connected_at=Now(),
            )
            for channel in channels
        )


def _number_id(index: int) -> str:
    return str(100_000_000_000 + index)


def _credentials(index: int) -> dict[str, str]:
    return {
        "phone_number": f"+55119{index:08d}",
        "phone_number_id": _number_id(index),
        "waba_id": "102290129340398",
        "access_token": f"EAA{index:08d}" + "x" * 180,
        "app_secret": "a" * 32,
        "verify_token": "v" * 32,
    }
