"""Keeping, renaming and forgetting a member's filters. They concern nobody else, so they
are not audited."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from django.db import IntegrityError, transaction

from accounts.models import Membership
from whatsapp.models import SavedFilter

MOST = 20  # of one list; more would be a second list to search


class NameTaken(ValueError):
    """Another filter of this list has the name, perhaps in other capitals."""


class TooMany(ValueError):
    """There are MOST of them already."""


def save(
    *, member: Membership, place: str, name: str, query: str, now: datetime
) -> SavedFilter:
    """Keep it. The same form sent twice is one filter."""
    rows = SavedFilter.objects.for_workspace(member.workspace_id).filter(
        member=member, place=place
    )
    with transaction.atomic():
        # Queue up, so that two at once are counted one after the other.
        Membership.objects.for_workspace(member.workspace_id).select_for_update().get(
            pk=member.pk
        )
        same = rows.filter(name__iexact=name).first()
        if same is not None and same.query == query:
            return same
        if same is not None:
            raise NameTaken
        if rows.count() >= MOST:
            raise TooMany
        with _unique_name():
            saved: SavedFilter = SavedFilter.objects.create(
                workspace_id=member.workspace_id,
                member=member,
                place=place,
                name=name,
                query=query,
                created_at=now,
            )
    return saved


def rename(saved: SavedFilter, *, name: str) -> None:
    saved.name = name
    with _unique_name():
        saved.save(update_fields=["name"])


def delete(saved: SavedFilter) -> None:
    """Once or twice: it is gone."""
    SavedFilter.objects.for_workspace(saved.workspace_id).filter(pk=saved.pk).delete()


@contextmanager
def _unique_name() -> Iterator[None]:
    try:
        with transaction.atomic():
            yield
    except IntegrityError:
        raise NameTaken from None
