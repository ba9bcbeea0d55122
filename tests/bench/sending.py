"""Sends through the whole outbox to a Cloud API on the loopback that answers in 50 ms."""

import json
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.utils import timezone

from accounts.models import Workspace
from accounts.vault import seal_json
from config.embedded import files
from integrations.gateway import credentials_context
from integrations.models import Channel, Integration
from integrations.providers.base.outgoing import Text
from integrations.providers.base.types import Party
from tests.bench import served
from tests.bench.house import House, HouseFailed
from tests.bench.report import Bound, Row
from tests.factories import whatsapp as make
from whatsapp.models import Conversation
from whatsapp.services import outbox

SENDS = 5000
LIMIT = 80.0
ANSWER_SECONDS = 0.05
LEAST_SHARE = 0.95
LEAST_LIFTED = 400.0
NOTIFICATIONS = 10_000
MOST_ENQUEUE_SECONDS = 10.0


def sending(house: House) -> list[Row]:
    """At the limit, lifted, and what enqueueing costs; each in a workspace of its own, beside
    one with a million sends that are settled."""
    served.busy_shop(house)
    sends = 600 if house.is_quick else SENDS
    with _provider(house.home / "sends.ledger") as (host, ledger):
        env = house.env | {
            "META_API_BASE": f"http://{host}",
            "EGRESS_ALLOWED_HOSTS": host,
            "OUTBOX_FENCE_FILE": str(house.home / "outbox-fence"),
        }
        limited = _round(env, ledger, sends, {"per_second": LIMIT})
        lifted = _round(env, ledger, sends, {"per_second": "off"})
    enqueued = _enqueue(2000 if house.is_quick else NOTIFICATIONS)
    Workspace.objects.filter(slug__startswith="sending-").delete()
    note = f"{sends} sends, answers after {ANSWER_SECONDS * 1000:.0f} ms"
    return [
        Row(
            "send_at_limit",
            limited.per_second,
            "/s",
            ratio=limited.per_second / LIMIT,
            target=LEAST_SHARE,
            bound=Bound.RATIO_AT_LEAST,
            note=note,
        ),
        Row(
            "send_busiest",
            float(limited.busiest),
            "in any second",
            target=LIMIT,
            bound=Bound.VALUE_AT_MOST,
            note="as the provider counts them",
        ),
        Row(
            "send_lifted",
            lifted.per_second,
            "/s",
            target=LEAST_LIFTED,
            bound=Bound.VALUE_AT_LEAST,
            note=f"{note}, one process; its own busiest second had {lifted.busiest}",
        ),
        Row(
            "enqueue",
            enqueued,
            "s",
            target=MOST_ENQUEUE_SECONDS,
            bound=Bound.VALUE_AT_MOST,
            note=f"{2000 if house.is_quick else NOTIFICATIONS} notifications, one transaction",
        ),
    ]


class _Seen:
    """What the provider's own ledger says: when each message came."""

    def __init__(self, arrivals: Sequence[float]) -> None:
        self.arrivals = sorted(arrivals)
        span = self.arrivals[-1] - self.arrivals[0]
        self.per_second = (len(self.arrivals) - 1) / span

    @property
    def busiest(self) -> int:
        """The most messages that came within any one second."""
        most, start = 0, 0
        for end, at in enumerate(self.arrivals):
            while at - self.arrivals[start] >= 1.0:
                start += 1
            most = max(most, end - start + 1)
        return most


def _round(
    env: dict[str, str], ledger: Path, sends: int, limits: dict[str, Any]
) -> _Seen:
    channel, threads = furnish(sends, limits)
    _promise(channel, threads, sends)
    before = len(_lines(ledger))
    _drain(env, sends)
    seen = [at for _, _, _, at in _lines(ledger)[before:]]
    if len(seen) != sends:
        raise HouseFailed(f"{len(seen)} of {sends} messages reached the provider")
    return _Seen(seen)


def _drain(env: dict[str, str], sends: int) -> None:
    """The command that a worker's task is, in a process of its own, until all is sent."""
    child = subprocess.run(
        [sys.executable, "manage.py", "sweep_outbox", "--drain", "600", "--json"],
        cwd=files.BASE_DIR,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    if child.returncode != 0:
        raise HouseFailed(f"sweep_outbox: {child.stdout} {child.stderr[-1500:]}")
    told = json.loads(child.stdout)
    if told["endings"] != {"accepted": sends}:
        raise HouseFailed(f"not everything was accepted: {told}")


def _lines(ledger: Path) -> list[Any]:
    return [json.loads(line) for line in ledger.read_text().splitlines()]


@contextmanager
def _provider(ledger: Path) -> Iterator[tuple[str, Path]]:
    """The twin of the tests, in a process of its own."""
    ledger.touch()
    command = ["-m", "tests.twins.sending", "--ledger", str(ledger)]
    twin = subprocess.Popen(
        [sys.executable, *command, "--delay", str(ANSWER_SECONDS)],
        cwd=files.BASE_DIR,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert twin.stdout is not None
        yield f"127.0.0.1:{int(twin.stdout.readline())}", ledger
    finally:
        twin.terminate()
        twin.wait(timeout=10)


def _enqueue(count: int) -> float:
    channel, threads = furnish(count, {})
    started = time.perf_counter()
    _promise(channel, threads, count, is_bulk=True)
    return time.perf_counter() - started


def _promise(
    channel: Channel,
    threads: Sequence[Conversation],
    count: int,
    *,
    is_bulk: bool = False,
) -> None:
    drafts = [
        outbox.Draft(
            business_key=f"bench:{channel.pk}:{number}",
            channel_id=channel.pk,
            recipient=Party(wa_id=f"55119{number:08d}"),
            content=Text(f"Seu pedido {number} saiu para entrega."),
            conversation_id=threads[number].pk,
            is_bulk=is_bulk,
        )
        for number in range(count)
    ]
    outbox.enqueue_many(channel.workspace_id, drafts, now=timezone.now())


def furnish(people: int, limits: dict[str, Any]) -> tuple[Channel, list[Conversation]]:
    """A number, and people who wrote to it just now."""
    name = f"sending-{secrets.token_hex(4)}"
    workspace = Workspace.objects.create(slug=name, name=name)
    integration = Integration.objects.create(
        workspace=workspace, provider="meta_cloud", name="n", credentials=""
    )
    phone = f"+5511{secrets.randbelow(10**9):09d}"
    number_id = str(secrets.randbelow(10**15))
    integration.credentials = seal_json(
        {
            "phone_number": phone,
            "phone_number_id": number_id,
            "waba_id": "102290129340398",
            "access_token": "EAA" + "x" * 180,
            "app_secret": "a" * 32,
            "verify_token": "v" * 32,
        },
        credentials_context(integration),
    )
    integration.save()
    channel = Channel.objects.create(
        workspace=workspace,
        integration=integration,
        provider="meta_cloud",
        phone=phone,
        external_id=number_id,
        state="connected",
        limits=limits,
    )
    now = timezone.now()
    lead = make.lead(workspace)
    leads = type(lead).objects.bulk_create(
        type(lead)(workspace=workspace, name=f"p{number}", created_at=now)
        for number in range(people)
    )
    threads = Conversation.objects.bulk_create(
        Conversation(
            workspace=workspace,
            channel=channel,
            lead=one,
            last_message_at=now,
            last_inbound_at=now,
            created_at=now,
        )
        for one in leads
    )
    return channel, threads
