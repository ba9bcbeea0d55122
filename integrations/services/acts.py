"""What a person orders on the pages of a number, and the audit trail of it.

Views come before; `sessions`, `connections` and `webhook_urls` do the work. Each order may
come twice: the second finds done what the first did. New credentials have a module of their
own (`credentials.py`), and so has removing a number.
"""

from django.utils import timezone

from accounts import audit
from accounts.models import User
from accounts.scoping import workspace_transaction
from integrations import links
from integrations.models import Channel, Session
from integrations.providers import registry
from integrations.providers.base.capabilities import Capability
from integrations.services import asking, connections, sessions, webhook_urls
from integrations.services.sessions import Actor
from integrations.services.webhook_urls import Subscription

LONGEST_NAME = 100


class NothingToAsk(Exception):
    """The number has no open session, or its provider cannot be asked about one."""


def check_now(channel: Channel, *, actor: User, ip: str | None = None) -> Session:
    """Ask the provider how the number is, instead of waiting for the monitor's minute.

    Raises NothingToAsk.
    """
    session = sessions.find_session(channel)
    if session is None or not session.is_open or not can_be_asked(channel):
        raise NothingToAsk
    before = session.probe_at
    session = sessions.refresh(session)
    if session.probe_at != before:  # somebody may have asked a moment ago
        _record(channel, "integration.checked", actor=actor, ip=ip)
    return session


def reconnect(channel: Channel, *, actor: User, ip: str | None = None) -> Session:
    """A fresh code or link, or another try with the same credentials.

    Raises asking.NotConnectable, CredentialsUnreadable or registry.UnknownProvider.
    """
    before = sessions.find_session(channel)
    session = sessions.reconnect(
        channel, return_url=_way_back(channel, before), actor=Actor(user=actor)
    )
    if before is not None and before.pk == session.pk:
        # A session that was not there before is told by whoever opened it.
        _record(channel, "integration.reconnected", actor=actor, ip=ip)
    return session


def start_clean(
    channel: Channel, *, seen: str, actor: User, ip: str | None = None
) -> Session | None:
    """End the session that the person saw and begin anew; nothing when that was done since.

    `seen` is `mark_of` that session. Raises as `reconnect` does.
    """
    session = sessions.find_session(channel)
    if mark_of(session) != seen:
        return session
    asking.integration_of(channel)
    _record(channel, "integration.started_clean", actor=actor, ip=ip)
    return sessions.start_clean(
        channel, return_url=_way_back(channel, session), actor=Actor(user=actor)
    )


def _way_back(channel: Channel, session: Session | None) -> str:
    """Where a link leads back to when it is followed, for a provider that has links."""
    kinds = registry.get(channel.provider).session_kinds()
    kind = session.kind if session is not None else kinds[0]
    return links.link_return(channel.provider, channel.workspace, kind=kind)


def mark_of(session: Session | None) -> str:
    """Tells one session of a number from the next, for a form that may be sent twice."""
    return session.started_at.isoformat() if session is not None else ""


def rename(channel: Channel, *, name: str, actor: User, ip: str | None = None) -> bool:
    """False when it is called so already. Without a name the number itself is shown."""
    name = " ".join(name.replace("\0", "").split())[:LONGEST_NAME]
    with workspace_transaction(channel.workspace_id):
        rows = Channel.objects.for_workspace(channel.workspace_id).filter(pk=channel.pk)
        if not rows.exclude(display_name=name).update(display_name=name):
            return False
        _record(channel, "integration.renamed", actor=actor, ip=ip)
    return True


def set_receipts(
    channel: Channel,
    *,
    marks_read: bool,
    shows_typing: bool,
    actor: User,
    ip: str | None = None,
) -> bool:
    """Whether people see that they were read and that somebody writes; False: as before."""
    wanted = {"marks_read": marks_read, "shows_typing": shows_typing}
    with workspace_transaction(channel.workspace_id):
        rows = Channel.objects.for_workspace(channel.workspace_id).filter(pk=channel.pk)
        if not rows.exclude(**wanted).update(**wanted):
            return False
        audit.record(
            workspace=channel.workspace,
            action="integration.receipts_changed",
            actor=actor,
            target=str(channel.key),
            details=dict(wanted),
            ip=ip,
        )
    return True


def renew_webhook_url(channel: Channel, *, actor: User) -> Subscription | None:
    """A new address, set at the provider where it can be; the one in use goes on until the
    provider uses this one, and a week longer.

    None where a person has to put it in by hand. Raises asking.NotConnectable, or
    WebhookFailed: then the new address is there all the same, and can be set again.
    """
    connections.rotate_webhook_token(
        asking.integration_of(channel),
        now=timezone.now(),
        actor=actor,
    )
    if not sets_webhook(channel):
        return None
    return webhook_urls.subscribe(channel, actor=actor)


def can_be_asked(channel: Channel) -> bool:
    return has_capability(channel, Capability.SESSION_PROBE)


def sets_webhook(channel: Channel) -> bool:
    return has_capability(channel, Capability.WEBHOOK_BY_API)


def has_capability(channel: Channel, capability: Capability) -> bool:
    try:
        return capability in registry.get(channel.provider).capabilities
    except registry.UnknownProvider:
        return False


def _record(channel: Channel, action: str, *, actor: User, ip: str | None) -> None:
    audit.record(
        workspace=channel.workspace,
        action=action,
        actor=actor,
        target=str(channel.key),
        ip=ip,
    )
