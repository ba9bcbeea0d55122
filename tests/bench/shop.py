"""A workspace with a connected number: where the bench's posts arrive."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from django.utils import timezone

from accounts.models import Workspace
from integrations.models import Channel
from integrations.services.connections import add_integration
from tests.bench import bodies
from tests.bench.bodies import Sender
from tests.bench.house import House

SLUG = "bench"


@dataclass(frozen=True)
class Shop:
    workspace: Workspace
    channel: Channel
    sender: Sender


_open: dict[str, Shop] = {}


def of(house: House) -> Shop:
    """The shop of this run; opened by the first measure that needs it."""
    house.ready()
    if SLUG not in _open:
        workspace = Workspace.objects.create(slug=SLUG, name="Bench")
        connected = add_integration(
            workspace=workspace,
            provider="meta_cloud",
            name="Bench",
            credentials=bodies.CREDENTIALS,
            now=timezone.now(),
            actor_label="bench",
        )
        path = urlsplit(connected.webhook_url).path
        sender = Sender(path, bodies.CREDENTIALS["app_secret"])
        _open[SLUG] = Shop(workspace, connected.channel, sender)
    return _open[SLUG]
