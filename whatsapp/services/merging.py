"""Two leads are one person, or are not: what a member decides, with a reason and audited.

`joining` does the first in rows and `parting` takes it back. Meanwhile the gate of the
workspace is shut: no batch may be on its way with a lead that goes.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet

from accounts import audit, bulk
from accounts.models import User
from integrations.models import Channel
from whatsapp.models import (
    Conversation,
    ConversationState,
    Lead,
    LeadMerge,
    LeadPair,
    PairVerdict,
)
from whatsapp.services import blend, joining, parting
from whatsapp.services.blend import Standing
from whatsapp.services.joining import Join


class SameLead(ValueError):
    """A lead cannot be merged into itself."""


class MergeInvalid(ValueError):
    """The leads are of two workspaces, or no reason is given."""


class MergeStale(Exception):
    """One of the leads has changed since the page was opened: look again."""


class MergedOn(Exception):
    """What a lead was merged into was merged itself: that is to be undone first."""

    def __init__(self, into: Lead) -> None:
        super().__init__()
        self.into = into


def mark_of(stays: Lead, gone: Lead) -> str:
    """Tells whether two leads are still what a page has shown of them."""
    told = [
        (one.pk, one.name, one.email, one.stage, one.merged_into_id, one.attribution_id)
        for one in (stays, gone)
    ]
    return hashlib.sha256(repr(told).encode()).hexdigest()[:16]


def merge(
    gone: Lead,
    *,
    into: Lead,
    reason: str,
    actor: User,
    now: datetime,
    seen: str = "",
    ip: str | None = None,
) -> LeadMerge:
    """Join two leads. Asked for twice it is done once.

    `seen` is the mark of the two that the person had before their eyes; empty: any.
    """
    if gone.pk == into.pk:
        raise SameLead
    if gone.workspace_id != into.workspace_id or not reason.strip():
        raise MergeInvalid

    with transaction.atomic():
        bulk.shut_gate(gone.workspace_id)
        theirs, ours = _fresh(gone, into)
        merges = LeadMerge.objects.for_workspace(gone.workspace_id)
        if theirs.merged_into_id == ours.pk:
            done = merges.filter(gone=theirs, stays=ours, undone_at=None).first()
            if done is not None:
                return done
        is_open = theirs.merged_into_id is None and ours.merged_into_id is None
        if not is_open or (seen and seen != mark_of(ours, theirs)):
            raise MergeStale
        # Whoever says so now has changed their mind about what was said before.
        _pairs_between(theirs, ours).delete()
        [joined] = joining.join(
            gone.workspace_id,
            [Join(theirs.pk, ours.pk, reason=reason, actor_id=actor.pk)],
            now=now,
        )
        done = merges.get(key=joined.key)
        audit.record(
            workspace=ours.workspace,
            action="lead.merged",
            actor=actor,
            target=str(ours.key),
            details={"gone": str(theirs.key), "merge": str(done.key)},
            ip=ip,
            now=now,
        )
    return done


def undo(
    merge: LeadMerge,
    *,
    reason: str,
    actor: User,
    now: datetime,
    ip: str | None = None,
) -> bool:
    """Take a merge back; from then on the two are known not to be one person.

    False when somebody has done it before.
    """
    if not reason.strip():
        raise MergeInvalid

    with transaction.atomic():
        bulk.shut_gate(merge.workspace_id)
        gone, stays = _fresh(merge.gone, merge.stays)
        merges = LeadMerge.objects.for_workspace(merge.workspace_id)
        held = merges.select_for_update().get(pk=merge.pk)
        if held.undone_at is not None:
            return False
        if stays.merged_into_id is not None:
            raise MergedOn(
                Lead.objects.for_workspace(merge.workspace_id).get(
                    pk=stays.merged_into_id
                )
            )
        parting.part(held, now=now)
        merges.filter(pk=held.pk).update(
            undone_at=now, undone_by=actor, undo_reason=reason
        )
        _say_distinct(gone, stays, actor=actor, now=now)
        audit.record(
            workspace=stays.workspace,
            action="lead.merge_undone",
            actor=actor,
            target=str(stays.key),
            details={"gone": str(gone.key), "merge": str(held.key)},
            ip=ip,
            now=now,
        )
    return True


def tell_apart(
    one: Lead, other: Lead, *, actor: User, now: datetime, ip: str | None = None
) -> bool:
    """Two leads are not the same person: nobody suggests it again, nothing joins them.

    False when it was said before.
    """
    if one.pk == other.pk:
        raise SameLead
    if one.workspace_id != other.workspace_id:
        raise MergeInvalid
    with transaction.atomic():
        ours, theirs = _fresh(one, other)
        if ours.merged_into_id is not None or theirs.merged_into_id is not None:
            raise MergeStale
        if not _say_distinct(ours, theirs, actor=actor, now=now):
            return False
        audit.record(
            workspace=one.workspace,
            action="lead.told_apart",
            actor=actor,
            target=str(one.key),
            details={"other": str(other.key)},
            ip=ip,
            now=now,
        )
    return True


def _fresh(one: Lead, other: Lead) -> tuple[Lead, Lead]:
    """Both as they are now, and nobody else's to change until we are done."""
    joining.hold(one.workspace_id, [one.pk, other.pk])
    leads = Lead.objects.for_workspace(one.workspace_id).select_related("workspace")
    found = leads.in_bulk([one.pk, other.pk])
    return found[one.pk], found[other.pk]


def _say_distinct(one: Lead, other: Lead, *, actor: User, now: datetime) -> bool:
    first, second = sorted((one.pk, other.pk))
    pairs = LeadPair.objects.for_workspace(one.workspace_id)
    before = pairs.filter(first=first, second=second).first()
    if before is not None and before.verdict == PairVerdict.DISTINCT:
        return False
    pairs.update_or_create(
        workspace_id=one.workspace_id,
        first_id=first,
        second_id=second,
        defaults={
            "verdict": PairVerdict.DISTINCT,
            "actor": actor,
            "decided_at": now,
        },
    )
    return True


def _pairs_between(one: Lead, other: Lead) -> QuerySet[LeadPair]:
    ours = Q(pk=one.pk) | Q(merged_into=one.pk)
    theirs = Q(pk=other.pk) | Q(merged_into=other.pk)
    leads = Lead.objects.for_workspace(one.workspace_id)
    these, those = leads.filter(ours).values("pk"), leads.filter(theirs).values("pk")
    return LeadPair.objects.for_workspace(one.workspace_id).filter(
        Q(first__in=these, second__in=those) | Q(first__in=those, second__in=these)
    )


@dataclass(frozen=True, slots=True)
class Preview:
    """What merging two leads would make of them. `clashes` are numbers on which both have
    an open conversation."""

    stays: Standing
    gone: Standing
    changes: dict[str, Any]
    moved: dict[str, int]
    clashes: list[Channel]


def preview(gone: Lead, *, into: Lead) -> Preview:
    workspace_id = into.workspace_id
    found = blend.standings(workspace_id, [gone.pk, into.pk])
    stays, goes = found[into.pk], found[gone.pk]
    counts = {
        name: bulk.run(
            f"SELECT count(*) FROM {table} WHERE lead_id = %s AND workspace_id = %s",  # noqa: S608  # names of our rooms
            [gone.pk, workspace_id],
        )[0][0]
        for name, table in joining.TABLES.items()
    }
    open_threads = Conversation.objects.for_workspace(workspace_id).filter(
        state=ConversationState.OPEN
    )
    theirs = open_threads.filter(lead=gone).values("channel")
    both = open_threads.filter(lead=into, channel__in=theirs).select_related("channel")
    return Preview(
        stays,
        goes,
        blend.blend(stays, goes),
        counts,
        [thread.channel for thread in both],
    )
