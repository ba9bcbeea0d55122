"""The provider's side of the wire: answers as told, and remembers what was asked."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from integrations.providers.base.errors import OutcomeUnknown, ProviderError


@dataclass
class Answer:
    status_code: int = 200
    content: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    def json(self) -> Any:
        return json.loads(self.content)


@dataclass
class Wire:
    """An Http that gives one answer, or fails, every time; `then` are the answers after it.

    The last of them is given from then on.
    """

    answer: Answer | ProviderError
    then: Sequence[Answer | ProviderError] = ()
    requests: list[dict[str, Any]] = field(default_factory=list)
    bodies: list[Any] = field(default_factory=list)
    contents: list[bytes | None] = field(default_factory=list)

    def request(
        self,
        method: str,
        url: str,
        *,
        operation: str,
        headers: Mapping[str, str] | None = None,
        json: Any = None,
        content: bytes | None = None,
        follow_redirects: bool = False,
        into: BinaryIO | None = None,
        most: int | None = None,
    ) -> Answer:
        self.requests.append(
            {"method": method, "url": url, "headers": dict(headers or {})}
        )
        self.bodies.append(json)
        self.contents.append(content)
        told = [self.answer, *self.then]
        one = told[min(len(self.requests), len(told)) - 1]
        if isinstance(one, ProviderError):
            raise one
        if into is None or not 200 <= one.status_code < 300:
            return one
        if most is not None and len(one.content) > most:
            raise OutcomeUnknown("answer_too_large")
        into.write(one.content)
        return Answer(one.status_code, b"", one.headers)


def answer(
    status: int, body: Any = "", headers: Mapping[str, str] | None = None
) -> Answer:
    content = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    return Answer(status, content, headers or {})
