"""Events between systems: taken in one process, and posted to receivers on the loopback."""

import secrets
import time
from contextlib import ExitStack

from django.conf import settings
from django.utils import timezone

from accounts.models import Workspace
from accounts.scoping import workspace_transaction
from tests.bench.house import House, HouseFailed
from tests.bench.report import Bound, Row
from tests.factories import events as make
from tests.integrations.loopback import plain, serving
from tickets.event_bodies import Told
from tickets.models import EventDelivery
from tickets.services import delivering, incoming

TAKEN, POSTED, RECEIVERS = 1000, 4000, 8
MOST_TAKE_MS = 50.0
LEAST_POSTED = 100.0
PATIENCE = 300.0


def events(house: House) -> list[Row]:
    house.ready()
    name = f"events-{secrets.token_hex(4)}"
    workspace = Workspace.objects.create(slug=name, name=name)
    taken = _take(workspace, 100 if house.is_quick else TAKEN)
    count = 400 if house.is_quick else POSTED
    posted = _post(workspace, count)
    Workspace.objects.filter(pk=workspace.pk).delete()
    return [
        Row(
            "event_take",
            taken,
            "ms",
            target=MOST_TAKE_MS,
            bound=Bound.VALUE_AT_MOST,
            note="each opens a ticket and stands in the audit log",
        ),
        Row(
            "event_post",
            posted,
            "/s",
            target=LEAST_POSTED,
            bound=Bound.VALUE_AT_LEAST,
            note=f"{count} events to {RECEIVERS} receivers, one process with them",
        ),
    ]


def _take(workspace: Workspace, count: int) -> float:
    """The 95th percentile, in milliseconds, from the event that is read to its commit."""
    with workspace_transaction(workspace.pk):
        source = make.source(workspace)
    took = []
    for number in range(count):
        told = Told(
            f"e{number}",
            "ticket.created",
            ticket_id=f"T-{number}",
            values={"title": f"Encomenda {number}", "priority": "high"},
        )
        started = time.perf_counter()
        incoming.receive(source, told, now=timezone.now())
        took.append(time.perf_counter() - started)
    return sorted(took)[int(len(took) * 0.95)] * 1000


def _post(workspace: Workspace, count: int) -> float:
    """Events a second from the first drain to the last record."""
    allowed = list(settings.EGRESS_ALLOWED_HOSTS)
    with ExitStack() as open_ones:
        servers = [open_ones.enter_context(serving(plain())) for _ in range(RECEIVERS)]
        settings.EGRESS_ALLOWED_HOSTS += [server.host for server in servers]
        with workspace_transaction(workspace.pk):
            for place, server in enumerate(servers):
                subscription = make.subscription(
                    workspace, name=f"r{place}", url=server.url("/events")
                )
                for number in range(count // RECEIVERS):
                    make.delivery(subscription, number=number)
        started = time.monotonic()
        done = 0
        while done < count and time.monotonic() - started < PATIENCE:
            done += delivering.drain(budget_seconds=20).delivered
        seconds = time.monotonic() - started
    settings.EGRESS_ALLOWED_HOSTS = allowed
    with workspace_transaction(workspace.pk):
        rows = EventDelivery.objects.for_workspace(workspace)
        left = rows.exclude(state="delivered").count()
    if left:
        raise HouseFailed(f"{left} of {count} events were not delivered")
    return count / seconds
