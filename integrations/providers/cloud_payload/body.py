"""The part of a Cloud API message that depends on its type."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from integrations.providers.base.types import Json, MediaRef, MessageKind


@dataclass(frozen=True, slots=True)
class Body:
    kind: MessageKind
    text: str = ""
    media: MediaRef | None = None
    content: Mapping[str, Json] = field(default_factory=dict)
    target_id: str | None = None
