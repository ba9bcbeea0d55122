"""Golden cases: one folder each, found by walking the registry's slugs, read as data."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from integrations.providers.base.adapter import Adapter
from integrations.providers.base.outgoing import Media, OutgoingMessage
from integrations.providers.base.outgoing_json import load_message
from integrations.providers.base.types import RawRequest, SessionReport, SessionWish
from integrations.providers.registry import PROVIDERS, get
from tests.integrations.providers.wire import Answer, answer

FOLDER = Path(__file__).parent
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
# What every session case asks for, and what is told by an operation that tells nothing.
WISH = SessionWish(
    webhook_url="https://inbox.example/webhooks/whatsapp/t/",
    return_url="https://inbox.example/return/",
    state="state-1",
    phone="5511987654321",
)
NOTHING = SessionReport(state="")


@dataclass(frozen=True)
class Case:
    slug: str
    subject: str  # inbound, signature, handshake, session
    name: str
    data: dict[str, Any]
    body: bytes

    @property
    def adapter(self) -> Adapter:
        """The registered one, or one of an installation with the case's own settings."""
        known = get(self.slug)
        told: dict[str, str] = self.data.get("settings", {})
        return type(known)({**known.settings, **told}) if told else known

    @property
    def credentials(self) -> dict[str, str]:
        """The provider's, with the case's own changes; null takes one away."""
        changed = {**credentials(self.slug), **self.data.get("credentials", {})}
        return {name: value for name, value in changed.items() if value is not None}

    @property
    def headers(self) -> dict[str, str]:
        return dict(self.data.get("headers", {}))

    @property
    def answers(self) -> list[Answer]:
        """What the provider says, in this order; `then` are the answers after the first."""
        first = self.data.get("answer", {"status": 500, "body": ""})
        return [
            answer(told["status"], told["body"], told.get("headers"))
            for told in [first, *self.data.get("then", [])]
        ]

    def __str__(self) -> str:
        return f"{self.slug}-{self.subject}-{self.name}"


def cases(subject: str, slug: str | None = None) -> list[Case]:
    """Every case of one subject, of one provider or of all in the registry."""
    return [
        _read(each, subject, folder)
        for each in ([slug] if slug else PROVIDERS)
        for folder in sorted((FOLDER / each / subject).glob("*/"))
        if (folder / "case.json").is_file()
    ]


@dataclass(frozen=True)
class OutboundCase:
    """One message, the request it becomes byte by byte, and what the answer means."""

    slug: str
    name: str
    data: dict[str, Any]
    message: OutgoingMessage
    request: bytes
    response: bytes

    @property
    def answer(self) -> Answer:
        return Answer(self.data["status"], self.response, self.data.get("headers", {}))

    def __str__(self) -> str:
        return f"{self.slug}-outbound-{self.name}"


def outbound_cases(slug: str | None = None) -> list[OutboundCase]:
    return [
        _read_outbound(each, folder)
        for each in ([slug] if slug else PROVIDERS)
        for folder in sorted((FOLDER / each / "outbound").glob("*/"))
    ]


def _read_outbound(slug: str, folder: Path) -> OutboundCase:
    data = json.loads((folder / "case.json").read_text())
    message = load_message(json.loads((folder / "message.json").read_text()))
    if "file" in data and isinstance(message.content, Media):
        file = replace(message.content.file, content=data["file"].encode())
        message = replace(message, content=replace(message.content, file=file))
    request, response = folder / "request.json", folder / "response.json"
    return OutboundCase(
        slug,
        folder.name,
        data,
        message,
        request.read_bytes(),
        response.read_bytes(),
    )


def _read(slug: str, subject: str, folder: Path) -> Case:
    body = folder / "body.json"
    return Case(
        slug=slug,
        subject=subject,
        name=folder.name,
        data=json.loads((folder / "case.json").read_text()),
        body=body.read_bytes() if body.is_file() else b"",
    )


def credentials(slug: str) -> dict[str, str]:
    """A complete set with recognizable secrets, all of them invented."""
    document: dict[str, str] = _document(slug, "credentials.json")
    return document


def status_words(slug: str) -> dict[str, str | None]:
    """Every status word the provider documents, and ours; None where it tells nothing."""
    words: dict[str, str | None] = _document(slug, "status_words.json")["words"]
    return words


def word_for_sent(slug: str) -> str:
    """The provider's word in the golden case `status_sent`; most say `sent` themselves."""
    return str(_document(slug, "status_words.json").get("sent", "sent"))


def not_applicable(slug: str) -> dict[str, str]:
    """Required cases this provider cannot have, each with its reason."""
    path = FOLDER / slug / "not_applicable.json"
    reasons: dict[str, str] = json.loads(path.read_text()) if path.is_file() else {}
    return reasons


def _document(slug: str, name: str) -> Any:
    return json.loads((FOLDER / slug / name).read_text())


def request(
    *,
    body: bytes = b"",
    headers: dict[str, str] | None = None,
    method: str = "POST",
    query: str = "",
) -> RawRequest:
    return RawRequest(
        method=method,
        url=f"https://inbox.example/webhooks/whatsapp/t/?{query}",
        query=query,
        headers=headers or {},
        body=body,
        received_at=NOON,
    )


def as_json(items: Iterable[Any]) -> list[dict[str, Any]]:
    """Dataclasses as JSON, without what is empty; an event says its class."""
    return [{"event": type(item).__name__, **as_dict(item)} for item in items]


def as_dict(item: Any) -> dict[str, Any]:
    told = {field.name: _plain(getattr(item, field.name)) for field in fields(item)}
    return {
        key: value
        for key, value in told.items()
        if value not in (None, "", {}, (), False)
    }


def as_report(report: Any, asked_at: datetime) -> dict[str, Any]:
    """A report as JSON; how long it is good counts from the question, in `expires_in`."""
    told = as_dict(report)
    if told.pop("expires_at", None):
        told["expires_in"] = round((report.expires_at - asked_at).total_seconds())
    return told


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return as_dict(value)
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    return value.isoformat() if isinstance(value, datetime) else value
