"""Which workspace has a number: the first in which it was connected, until it is removed.

Behind settling.py, which asks when a session first connects. What was never connected claims
nothing, so nobody keeps a number from whoever has it; and what is refused was connected just
now, so nobody learns of numbers that are not theirs. See docs/adr/0027-number-claims.md.
"""

from django.db import Error as DatabaseError
from django.db import IntegrityError, transaction

from accounts import bulk
from accounts.scoping import NOBODY, workspace_transaction
from integrations.models import Channel, NumberClaim
from integrations.providers import registry
from integrations.providers.base.phones import canonical


def take(channel: Channel) -> bool:
    """Claim a channel's number for its workspace; False where it is live somewhere else.

    In a transaction of the workspace, until whose end nobody else decides about the number.
    """
    if channel.claim_id is not None:
        return True
    key = _key_of(channel)
    _hold(key)
    claims = NumberClaim.objects.for_workspace(channel.workspace_id)
    try:
        with transaction.atomic():
            claim, _ = claims.get_or_create(
                number_key=key, defaults={"workspace_id": channel.workspace_id}
            )
            Channel.objects.for_workspace(channel.workspace_id).filter(
                pk=channel.pk
            ).update(claim=claim)
    except IntegrityError as error:
        if not is_taken(error):
            raise
        return False
    channel.claim = claim
    return True


def is_free(channel: Channel) -> bool:
    """Whether the number could be claimed. For who has shown already that it is theirs."""
    with transaction.atomic():
        is_ours = take(channel)
        channel.claim = None
        transaction.set_rollback(True)
    return is_ours


def is_anothers(channel: Channel) -> bool:
    """Whether another workspace has the number: what lives at its provider may be theirs."""
    with workspace_transaction(channel.workspace_id):
        rows = Channel.objects.for_workspace(channel.workspace_id)
        row = rows.filter(pk=channel.pk, claim=None).first()
        return row is not None and not is_free(row)


def let_go(channel: Channel) -> None:
    """The channel is no longer live; without another one, the number is free for anybody."""
    claim = channel.claim
    if claim is None:
        return
    _hold(claim.number_key)
    channels = Channel.objects.for_workspace(channel.workspace_id)
    channels.filter(pk=channel.pk).update(claim=None)
    channel.claim = None
    if not channels.filter(claim=claim).exists():
        claim.delete()


def is_taken(error: IntegrityError) -> bool:
    """Whether what was written is live already, as a number or as a provider's id of one."""
    return (violated(error) or "").endswith("_live_once")


def violated(error: DatabaseError) -> str | None:
    """The name of the constraint that said no."""
    diagnosis = getattr(error.__cause__, "diag", None)
    return getattr(diagnosis, "constraint_name", None)


def _hold(key: str) -> None:
    """Whoever else is about to decide about this number waits for us, in any workspace."""
    bulk.lock(NOBODY, [f"number {key}"])


def _key_of(channel: Channel) -> str:
    """A simulated phone has nothing to do with the real one that has the same number."""
    number = canonical(channel.phone.removeprefix("+"))
    try:
        is_simulated = registry.get(channel.provider).is_simulated
    except registry.UnknownProvider:
        is_simulated = False
    return f"{channel.provider} {number}" if is_simulated else number
