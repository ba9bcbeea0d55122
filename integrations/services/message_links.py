"""Message links of a number: short addresses with a text, which its provider keeps.

Nothing of them rests here, so the provider is asked each time, outside transactions. They
carry no token: what comes through one proves no origin, which is the work of tracked links.
"""

from collections.abc import Callable
from typing import TypeVar

from accounts import audit
from accounts.models import User
from accounts.scoping import workspace_transaction
from integrations import gateway
from integrations.failures import Failure
from integrations.gateway import Line
from integrations.models import Channel
from integrations.providers.base.types import MessageLink
from integrations.services import asking

_Answer = TypeVar("_Answer")


class MessageLinksFailed(Exception):
    """The provider did not do it. `problem` and `reason` are for a sentence."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.problem.value)
        self.problem = failure.problem
        self.reason = failure.reason


def list_all(channel: Channel) -> list[MessageLink]:
    """Raises MessageLinksFailed or asking.NotConnectable, as all of these do."""
    return _ask(channel, gateway.list_message_links)


def find(channel: Channel, external_id: str) -> MessageLink | None:
    links = list_all(channel)
    return next((link for link in links if link.external_id == external_id), None)


def create(
    channel: Channel, text: str, *, actor: User, ip: str | None = None
) -> tuple[MessageLink, bool]:
    """The link with this text, and whether it was made now: two would not be told apart."""

    def find_or_make(line: Line) -> tuple[MessageLink, bool]:
        for link in gateway.list_message_links(line):
            if link.text == text:
                return link, False
        return gateway.create_message_link(text, line=line), True

    link, is_new = _ask(channel, find_or_make)
    if is_new:
        _record(
            channel,
            "integration.message_link_created",
            link.external_id,
            actor=actor,
            ip=ip,
        )
    return link, is_new


def delete(
    channel: Channel, external_id: str, *, actor: User, ip: str | None = None
) -> None:
    _ask(channel, lambda line: gateway.delete_message_link(external_id, line=line))
    _record(
        channel, "integration.message_link_deleted", external_id, actor=actor, ip=ip
    )


def _ask(channel: Channel, question: Callable[[Line], _Answer]) -> _Answer:
    """Nobody holds a lease meanwhile, so however many pages there are have no common end."""
    integration = asking.integration_of(channel)
    answer = asking.ask(integration, channel.pk, question, is_leased=False)
    if isinstance(answer, Failure):
        raise MessageLinksFailed(answer)
    return answer


def _record(
    channel: Channel, action: str, external_id: str, *, actor: User, ip: str | None
) -> None:
    with workspace_transaction(channel.workspace_id):
        audit.record(
            workspace=channel.workspace,
            action=action,
            actor=actor,
            target=str(channel.key),
            details={"provider": channel.provider, "code": external_id},
            ip=ip,
        )
