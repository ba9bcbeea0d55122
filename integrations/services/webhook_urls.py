"""Webhook URLs of an integration: the one in use, a new one, and what the provider keeps.

The secret part of a URL rests as its SHA-256, by which it is found, and sealed, so that the
same URL can be told again: a provider that is asked twice to open a session, or to post to
us, must hear the same address twice.
"""

import hashlib
import logging
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Final

from django.conf import settings

from accounts import audit
from accounts.models import User
from accounts.scoping import workspace_transaction
from accounts.vault import SecretContext, VaultError, seal, unseal
from integrations import claims, gateway, settling, webhook_tokens
from integrations.failures import Failure, failure_of
from integrations.gateway import CredentialsUnreadable, Line
from integrations.models import Channel, Integration, Problem, WebhookToken
from integrations.providers import registry
from integrations.providers.base.errors import ProviderError
from integrations.providers.base.types import WebhookReport

TOKEN_BYTES: Final = 32
BUDGET: Final = 10.0  # seconds for all that one page asks: somebody looks at it
ROUNDS: Final = 3  # of telling a provider, while others tell it something else
_ENDING: Final = 6  # characters by which a person knows an address again
_META: Final = "webhook"  # where an integration's `meta` keeps the last reading

logger = logging.getLogger("integrations")


class WebhookFailed(Exception):
    """The provider did not do it. `problem` is for a sentence; UNSUPPORTED: do it by hand."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.problem.value)
        self.problem = failure.problem
        self.reason = failure.reason


@dataclass(frozen=True, slots=True)
class Subscription:
    """Where the provider posts, as it says itself. `url` is ours, told for copying.

    `missing` are kinds of event that we need and it does not post.
    """

    url: str = field(repr=False)
    is_ours: bool
    is_elsewhere: bool  # it posts to somebody else
    is_former: bool = False  # it posts to an earlier URL of ours that still works
    missing: tuple[str, ...] = ()

    @property
    def is_complete(self) -> bool:
        return self.is_ours and not self.missing


@dataclass(frozen=True, slots=True)
class Reading:
    """As `Subscription`, of some time ago and without the address."""

    at: datetime
    is_ours: bool
    is_elsewhere: bool
    is_former: bool
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Former:
    """The address that the provider goes on using, until it is seen to use the newest.

    `ending` are its last characters; without `ends_at` it lasts for as long as it is used.
    """

    ending: str
    ends_at: datetime | None


def url_of(token: str) -> str:
    return f"{settings.PUBLIC_URL}/webhooks/whatsapp/{token}/"


def new_token(integration: Integration) -> str:
    """A further token, in the caller's transaction."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    WebhookToken.objects.create(
        workspace_id=integration.workspace_id,
        integration=integration,
        digest=hashlib.sha256(token.encode("ascii")).digest(),
        sealed=seal(token.encode("ascii"), _context(integration)),
    )
    return token


def current(integration: Integration) -> str:
    """The URL providers shall post to; a new one where the old cannot be told again.

    Those in use go on: see webhook_tokens.py for when they end.
    """
    with workspace_transaction(integration.workspace_id):
        webhook_tokens.hold(integration.workspace_id, integration.pk)
        newest = _newest(integration)
        token = _opened(newest, integration) if newest is not None else None
        return url_of(token or new_token(integration))


def find_again(integration: Integration, digest: bytes) -> str:
    """The URL whose token has this SHA-256, in the caller's transaction; empty when it ended."""
    token = (
        WebhookToken.objects.for_workspace(integration.workspace_id)
        .filter(webhook_tokens.LIVE, integration=integration, digest=digest)
        .exclude(sealed="")
        .first()
    )
    opened = _opened(token, integration) if token is not None else None
    return url_of(opened) if opened else ""


def digest_of(url: str) -> bytes:
    """What a URL of ours is found by; of any other address it finds nothing."""
    token = url.rstrip("/").rpartition("/")[2]
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()


def last_reading(integration: Integration) -> Reading | None:
    """Where the provider posted when it was last asked; None before that."""
    told = integration.meta.get(_META)
    if not isinstance(told, dict):
        return None
    return Reading(
        at=datetime.fromisoformat(told["at"]),
        is_ours=bool(told["is_ours"]),
        is_elsewhere=bool(told["is_elsewhere"]),
        is_former=bool(told.get("is_former")),  # readings of before have none
        missing=tuple(told["missing"]),
    )


def find_former(integration: Integration) -> Former | None:
    """What is in use while the newest address is not; None where that one is."""
    with workspace_transaction(integration.workspace_id):
        newest = _newest(integration)
        if newest is None or newest.confirmed_at is not None:
            return None
        used = (
            WebhookToken.objects.for_workspace(integration.workspace_id)
            .filter(webhook_tokens.LIVE, integration=integration)
            .exclude(confirmed_at=None)
            .exclude(sealed="")
            .order_by("-pk")
            .first()
        )
    opened = _opened(used, integration) if used is not None else None
    if used is None or opened is None:
        return None
    return Former(opened[-_ENDING:], used.expires_at)


def subscribe(
    channel: Channel, *, actor: User | None = None, robs: bool = True
) -> Subscription:
    """Let the provider post to us, and read back what it keeps. Raises WebhookFailed.

    Where it posts to somebody else and we must not take that away (`robs`), nothing is set.
    What another workspace has is never taken away.
    """
    integration = _integration(channel)
    if claims.is_anothers(channel):
        raise WebhookFailed(Failure(Problem.NUMBER_TAKEN))
    ends_at = time.monotonic() + BUDGET
    for left in reversed(range(ROUNDS)):
        url = current(integration)
        question = partial(_set, url=url, integration=integration, robs=robs)
        told = _told(channel, integration, url, question, ends_at=ends_at)
        # Somebody else may have set a newer one while this was on its way.
        if not told.is_ours or _confirm(integration, url, is_last=not left):
            break
    if told.is_elsewhere and not robs:
        return told
    with workspace_transaction(channel.workspace_id):
        audit.record(
            workspace=channel.workspace,
            action="integration.webhook_set",
            actor=actor,
            actor_label="" if actor else "system",
            target=str(integration.key),
            details={"confirmed": told.is_ours, "missing": len(told.missing)},
        )
    ids = {
        "integration_id": integration.pk,
        "channel_id": channel.pk,
        "workspace_id": channel.workspace_id,
        "confirmed": told.is_ours,
        "missing": len(told.missing),
    }
    logger.info("webhook subscription set", extra=ids)
    return told


def read_back(channel: Channel) -> Subscription:
    """Where the provider posts now. Raises WebhookFailed."""
    integration = _integration(channel)
    url = current(integration)
    ends_at = time.monotonic() + BUDGET
    told = _told(channel, integration, url, _read, ends_at=ends_at)
    if told.is_ours:
        _confirm(integration, url)
    return told


def _read(line: Line) -> WebhookReport:
    return line.adapter.webhook_report(line.credentials, line.http)


def _set(
    line: Line, *, url: str, integration: Integration, robs: bool
) -> WebhookReport:
    if not robs:
        report = _read(line)
        if _subscription(url, report, integration).is_elsewhere:
            return report
    return line.adapter.set_webhook(url, line.credentials, line.http)


def _told(
    channel: Channel,
    integration: Integration,
    url: str,
    question: Callable[[Line], WebhookReport],
    *,
    ends_at: float,
) -> Subscription:
    budget = max(ends_at - time.monotonic(), 0.0)
    try:
        line = gateway.open_line(integration, channel_id=channel.pk, budget=budget)
        report = question(line)
    except ProviderError as error:
        raise WebhookFailed(failure_of(error)) from None
    except CredentialsUnreadable:
        raise WebhookFailed(Failure(Problem.CREDENTIALS_UNREADABLE)) from None
    except registry.UnknownProvider:
        raise WebhookFailed(Failure(Problem.UNSUPPORTED)) from None
    subscription = _subscription(url, report, integration)
    _note(integration, subscription)
    return subscription


def _note(integration: Integration, told: Subscription) -> None:
    """Keep what was read for the number page; not the address, whose end is a secret."""
    with workspace_transaction(integration.workspace_id):
        row = (
            Integration.objects.for_workspace(integration.workspace_id)
            .select_for_update(of=("self",))
            .filter(pk=integration.pk)
            .first()
        )
        if row is None:
            return  # removed meanwhile
        row.meta[_META] = {
            "at": settling.database_now().isoformat(),
            "is_ours": told.is_ours,
            "is_elsewhere": told.is_elsewhere,
            "is_former": told.is_former,
            "missing": list(told.missing),
        }
        row.save(update_fields=["meta"])


def _newest(integration: Integration) -> WebhookToken | None:
    newest: WebhookToken | None = (
        WebhookToken.objects.for_workspace(integration.workspace_id)
        .filter(integration=integration, expires_at=None)
        .exclude(sealed="")
        .order_by("-pk")
        .first()
    )
    return newest


def _subscription(
    url: str, report: WebhookReport, integration: Integration
) -> Subscription:
    is_ours = report.url.rstrip("/") == url.rstrip("/")
    with workspace_transaction(integration.workspace_id):
        is_known = bool(find_again(integration, digest_of(report.url)))
    return Subscription(
        url=url,
        is_ours=is_ours,
        is_elsewhere=bool(report.url) and not is_known,
        is_former=is_known and not is_ours,
        missing=report.missing,
    )


def _confirm(integration: Integration, url: str, *, is_last: bool = False) -> bool:
    return webhook_tokens.confirm(
        integration.workspace_id, integration.pk, digest_of(url), is_last=is_last
    )


def _opened(token: WebhookToken, integration: Integration) -> str | None:
    try:
        return unseal(token.sealed, _context(integration)).decode("ascii")
    except VaultError:
        return None  # erased with its data key: a new one is made


def _context(integration: Integration) -> SecretContext:
    return SecretContext(
        purpose="webhook-token",
        column="integrations_webhooktoken.sealed",
        workspace_id=integration.workspace_id,
        integration_id=integration.pk,
    )


def _integration(channel: Channel) -> Integration:
    with workspace_transaction(channel.workspace_id):
        found: Integration | None = (
            Integration.objects.for_workspace(channel.workspace_id)
            .filter(channels=channel)
            .first()
        )
    if found is None:
        raise WebhookFailed(Failure(Problem.UNSUPPORTED))
    return found
