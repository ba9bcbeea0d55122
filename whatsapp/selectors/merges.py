"""What was merged into a lead, and what it was merged into: the history on its page."""

import uuid
from dataclasses import dataclass

from django.db.models import Q, QuerySet

from accounts.models import Workspace
from whatsapp.models import Lead, LeadMerge
from whatsapp.selectors import leads
from whatsapp.selectors.leads import LeadRow

_MOST = 50
# What `moved` counts, in the order in which a page tells it.
MOVED = ("identities", "conversations", "touches", "attributions", "notes")


@dataclass(frozen=True, slots=True)
class MergeRow:
    """A merge as one of its leads sees it; `other` is the lead on the other side."""

    merge: LeadMerge
    other: LeadRow | None
    is_mine: bool  # the other one went into this lead

    @property
    def moved(self) -> dict[str, int]:
        return count_moved(self.merge)


def count_moved(merge: LeadMerge) -> dict[str, int]:
    return {name: len(merge.moved.get(name, [])) for name in MOVED}


def list_merges(lead: Lead) -> tuple[MergeRow, ...]:
    """Newest first, those that were undone too."""
    merges = list(
        _merges(lead.workspace_id)
        .filter(Q(stays=lead) | Q(gone=lead))
        .order_by("-merged_at", "-id")[:_MOST]
    )
    others = {
        one.pk: one.gone_id if one.stays_id == lead.pk else one.stays_id
        for one in merges
    }
    rows = leads.find_rows(lead.workspace, ids=set(others.values())) if merges else {}
    return tuple(
        MergeRow(one, rows.get(others[one.pk]), is_mine=one.stays_id == lead.pk)
        for one in merges
    )


def find_merge(workspace: Workspace, *, key: uuid.UUID) -> LeadMerge | None:
    return _merges(workspace.pk).filter(key=key).first()


def _merges(workspace_id: int) -> QuerySet[LeadMerge]:
    merges: QuerySet[LeadMerge] = LeadMerge.objects.for_workspace(
        workspace_id
    ).select_related("actor", "undone_by", "gone", "stays", "workspace")
    return merges
