"""Which of an integration's webhook URLs its provider uses, and when the others end.

Room 1, below the gateway, which hears of posts; services/webhook_urls.py makes the URLs and
reads them back. A URL ends only once a later one is confirmed: until then the provider may
go on posting to it, however often another one is made.
"""

from datetime import timedelta
from typing import Final

from django.db.models import Q
from django.db.models.functions import Now

from accounts.scoping import workspace_transaction
from integrations.models import Integration, WebhookToken

# Providers send again for up to seven days what was not taken the first time.
OLD_LASTS: Final = timedelta(days=7)
LIVE: Final = Q(expires_at=None) | Q(expires_at__gt=Now())


def hold(workspace_id: int, integration_id: int) -> None:
    """Whoever else decides about the URLs of an integration waits, in this transaction."""
    Integration.objects.for_workspace(workspace_id).select_for_update(
        of=("self",)
    ).filter(pk=integration_id).first()


def is_confirmed(workspace_id: int, digest: bytes) -> bool:
    with workspace_transaction(workspace_id):
        tokens = WebhookToken.objects.for_workspace(workspace_id)
        return tokens.filter(digest=digest).exclude(confirmed_at=None).exists()


def confirm(
    workspace_id: int, integration_id: int, digest: bytes, *, is_last: bool = False
) -> bool:
    """The provider uses the URL with this token: the ones before it have seven days left.

    False where a later one was confirmed meanwhile, or it is gone: then the provider must be
    told again, as it would post to what ends. With `is_last` it goes on instead.
    """
    with workspace_transaction(workspace_id):
        hold(workspace_id, integration_id)
        tokens = WebhookToken.objects.for_workspace(workspace_id).filter(
            integration_id=integration_id
        )
        token = tokens.filter(digest=digest).first()
        if token is None or (token.expires_at is not None and not is_last):
            return False
        tokens.filter(pk=token.pk).update(confirmed_at=Now(), expires_at=None)
        lasting = Q(expires_at=None) | Q(expires_at__gt=Now() + OLD_LASTS)
        tokens.filter(lasting, pk__lt=token.pk).update(expires_at=Now() + OLD_LASTS)
    return True


def drop_unused(integration: Integration) -> None:
    """Delete what no provider was seen to use, in the caller's transaction.

    Where it was seen to use none, the first goes on: somebody may have put it in by hand.
    """
    tokens = integration.webhook_tokens.all()
    unused = tokens.filter(confirmed_at=None)
    if not tokens.exclude(confirmed_at=None).filter(LIVE).exists():
        first = unused.filter(LIVE).order_by("pk").first()
        unused = unused.exclude(pk=first.pk) if first is not None else unused
    unused.delete()
