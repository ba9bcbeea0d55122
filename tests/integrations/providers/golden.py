"""Golden cases: one folder each, found by walking the registry's slugs, read as data."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, fields, is_dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from integrations.providers.base.adapter import Adapter
from integrations.providers.base.types import RawRequest
from integrations.providers.registry import PROVIDERS, get

FOLDER = Path(__file__).parent
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Case:
    slug: str
    subject: str  # inbound, signature, handshake, session
    name: str
    data: dict[str, Any]
    body: bytes

    @property
    def adapter(self) -> Adapter:
        return get(self.slug)

    @property
    def headers(self) -> dict[str, str]:
        return dict(self.data.get("headers", {}))

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
        key: value for key, value in told.items() if value not in (None, "", {}, False)
    }


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return as_dict(value)
    return value.isoformat() if isinstance(value, datetime) else value
