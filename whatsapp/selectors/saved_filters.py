"""A member's saved filters, by name."""

import uuid

from accounts.models import Membership
from accounts.scoping import ScopedQuerySet
from whatsapp.models import SavedFilter


def list_saved_filters(
    member: Membership, *, place: str
) -> ScopedQuerySet[SavedFilter]:
    rows: ScopedQuerySet[SavedFilter] = SavedFilter.objects.for_workspace(
        member.workspace_id
    ).filter(member=member, place=place)
    return rows.order_by("name", "id")


def find_saved_filter(
    member: Membership, *, place: str, key: uuid.UUID
) -> SavedFilter | None:
    return list_saved_filters(member, place=place).filter(key=key).first()
