"""What a number's provider takes, asked before anything is promised: kinds and their limits.

For composers and the API; the gateway asks the same again when it sends.
"""

from integrations.providers import registry
from integrations.providers.base.capabilities import Capability
from integrations.providers.base.errors import Unsupported
from integrations.providers.base.limits import Limits, check_held
from integrations.providers.base.outgoing import Content, Media, Reaction
from integrations.providers.base.types import MessageKind


def limits_of(provider: str, kind: MessageKind) -> Limits | None:
    """What a message of this kind may hold; None where the provider cannot send it."""
    try:
        return registry.get(provider).limits_of(kind)
    except registry.UnknownProvider:
        return None


def check(provider: str, content: Content) -> None:
    """Return when the provider can take this, else raise ContentRefused or Unsupported.

    A file without id, link and bytes is one we hold: it is brought along when it is sent.
    """
    try:
        adapter = registry.get(provider)
    except registry.UnknownProvider:
        raise Unsupported(provider, "provider") from None
    if isinstance(content, Reaction) and not can_react(provider):
        raise Unsupported(provider, Capability.REACTIONS)
    if not isinstance(content, Media) or _is_there(content):
        adapter.check(content)
        return
    limits = adapter.limits_of(content.kind)
    if limits is None:
        raise Unsupported(provider, content.kind)
    check_held(content, limits)


def can_react(provider: str) -> bool:
    """Whether a reaction arrives, and can be taken back."""
    try:
        return Capability.REACTIONS in registry.get(provider).capabilities
    except registry.UnknownProvider:
        return False


def _is_there(media: Media) -> bool:
    return bool(media.file.external_id or media.file.url or media.file.content)
