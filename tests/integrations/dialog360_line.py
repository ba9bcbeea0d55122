"""A number at a server that behaves like 360dialog, and the adapter that asks it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

from pytest_django import Settings

from integrations import http
from integrations.providers import registry
from integrations.providers.base.adapter import Adapter
from integrations.providers.base.errors import (
    CredentialsRefused,
    OutcomeUnknown,
    PermissionMissing,
    Refused,
    Throttled,
    Unavailable,
)
from integrations.providers.base.types import SessionReport, SessionWish
from tests.conftest import World
from tests.integrations.providers import golden
from tests.twins import server
from tests.twins.dialog360 import Channel, Twin

CREDENTIALS = golden.credentials("dialog360")
PHONE = "551140028922"
FAULTS = [
    ("401", CredentialsRefused),
    ("403", PermissionMissing),
    ("404", Refused),
    ("429", Throttled),
    ("500", Unavailable),
    ("html", OutcomeUnknown),
]


class Receiver(server.Twin):
    """Our webhook: it takes whatever comes."""

    def answer(self, asked: server.Asked) -> server.Answer:
        return 200, {"status": "ok"}


@dataclass
class Line:
    """The adapter with its credentials and client, as the gateway holds them."""

    twin: Twin
    receiver: Receiver
    world: World
    adapter: Adapter
    credentials: dict[str, str] = field(default_factory=lambda: dict(CREDENTIALS))
    session_id: str = ""

    def client(self, deadline: float = 10) -> http.Client:
        secrets = [
            self.credentials.get(name, "") for name in self.adapter.secret_fields
        ]
        return http.Client(
            workspace_id=self.world.workspace.pk,
            redact_keys=self.adapter.redact_keys,
            secrets=secrets,
            deadline=deadline,
        )

    def create(self) -> SessionReport:
        wish = SessionWish(return_url="https://inbox.example/return/", state="state-1")
        return self._taken(
            self.adapter.create_session(self.credentials, self.client(), wish)
        )

    def status(self, deadline: float = 10) -> SessionReport:
        """Asked again where the channel alone was granted: its key comes with the next."""
        report = self.ask(deadline)
        return self.ask(deadline) if set(report.granted) == {"channel_id"} else report

    def ask(self, deadline: float = 10) -> SessionReport:
        return self._taken(
            self.adapter.session_status(
                self.session_id, self.credentials, self.client(deadline)
            )
        )

    def close(self) -> None:
        self.adapter.close_session(self.session_id, self.credentials, self.client())

    def open_link(self, link: str) -> None:
        """A browser opens the link and is led back; what it brings is taken as it is."""
        status, _ = server.call("GET", link)
        assert status == 302
        query = {name: told[0] for name, told in parse_qs(urlsplit(link).query).items()}
        self.come_back(self.twin.agree(query))

    def come_back(self, url: str) -> None:
        returned = self.adapter.read_return(urlsplit(url).query)
        assert returned.state == "state-1"
        self.session_id = returned.external_id

    def _taken(self, report: SessionReport) -> SessionReport:
        """The report, with what it grants kept as the session's service does."""
        assert set(report.granted) <= set(self.adapter.credential_fields)
        self.credentials |= report.granted
        self.session_id = report.external_id or self.session_id
        return report


@contextmanager
def pasted(world: World, settings: Settings) -> Iterator[Line]:
    """The line of a customer of 360dialog's own, who pastes a key."""
    with server.serving(Twin()) as twin, server.serving(Receiver()) as receiver:
        settings.EGRESS_ALLOWED_HOSTS = [twin.host]
        channel = twin.add_channel(Channel("ChAnNeL1", "ClIeNt1", PHONE))
        channel.keys.append(CREDENTIALS["api_key"])
        known = registry.get("dialog360")
        adapter = type(known)({**known.settings, "api_base": twin.url})
        yield Line(twin, receiver, world, adapter)
