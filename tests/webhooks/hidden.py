"""A shop at a WAHA of its own, where people write from hidden numbers."""

import time
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.db.models import F
from django.utils import timezone

from accounts.models import Workspace
from integrations.models import Session
from tests.factories import integrations as numbers
from tests.integrations.providers import golden
from tests.twins import waha
from tests.walls import as_app
from tests.webhooks.conftest import Shop
from webhooks import lids
from webhooks.lids import Tally
from whatsapp.models import Identity, Lead, LidLookup

LID = "37830675939455@lid"
PHONE = "5511988880001"
NAME = "loja"
GOLDEN = Path("tests/integrations/providers")


def body(case: str = "lid_only", *, id_: str = "B1", sender: str = LID) -> bytes:
    """A golden body of WAHA as if it came now."""
    told = (GOLDEN / "waha/inbound" / case / "body.json").read_bytes()
    now = str(int(time.time())).encode()
    told = told.replace(b"3EB0A1", id_.encode()).replace(b"1760000000", now)
    return told.replace(LID.encode(), sender.encode())


@dataclass
class Place:
    """A shop at a WAHA of its own, whose session is connected."""

    shop: Shop
    twin: waha.Twin
    session: Session

    def run(self, **options: Any) -> Tally:
        with as_app():
            return lids.run(**options)

    @property
    def asked(self) -> list[str]:
        return [path for _, path in self.twin.requests if "/lids/" in path]

    @property
    def lookup(self) -> LidLookup:
        return self.shop.rows(LidLookup).get()

    def leads(self) -> Any:
        return self.shop.rows(Lead).filter(merged_into=None)

    def names(self) -> set[tuple[str, str]]:
        return set(self.shop.rows(Identity).values_list("kind", "value"))


def open_place(workspace: Workspace, twin: waha.Twin) -> Place:
    credentials = golden.credentials("waha") | {"base_url": twin.url}
    connected = numbers.integration(workspace, provider="waha", credentials=credentials)
    channel = numbers.channel(
        workspace,
        provider="waha",
        phone=credentials["phone_number"],
        external_id=None,
        integration=connected,
        state="connected",
    )
    session = numbers.session(channel, kind="qr", external_id=NAME)
    return Place(Shop(workspace, connected, channel), twin, session)


def time_passes(**how_long: float) -> None:
    """As if everything about the look-ups had happened so much earlier."""
    passed = timedelta(**how_long)
    LidLookup.objects.unscoped("test").update(
        next_at=F("next_at") - passed, lease_until=F("lease_until") - passed
    )


def wait_of(lookup: LidLookup) -> timedelta:
    assert lookup.next_at is not None
    return lookup.next_at - timezone.now()
