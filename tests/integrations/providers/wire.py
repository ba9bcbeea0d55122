"""The provider's side of the wire: answers as told, and remembers what was asked."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from integrations.providers.base.errors import ProviderError


@dataclass
class Answer:
    status_code: int = 200
    content: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    def json(self) -> Any:
        return json.loads(self.content)


@dataclass
class Wire:
    """An Http that gives one answer, or fails, every time."""

    answer: Answer | ProviderError
    requests: list[dict[str, Any]] = field(default_factory=list)

    def request(
        self,
        method: str,
        url: str,
        *,
        operation: str,
        headers: Mapping[str, str] | None = None,
        json: Any = None,
        content: bytes | None = None,
    ) -> Answer:
        self.requests.append(
            {"method": method, "url": url, "headers": dict(headers or {})}
        )
        if isinstance(self.answer, ProviderError):
            raise self.answer
        return self.answer


def answer(status: int, body: Any = "", headers: Mapping[str, str] | None = None):
    content = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    return Answer(status, content, headers or {})
