"""What members write about a lead: its name, e-mail and stage, and notes."""

import hashlib
import uuid
from datetime import datetime

from django.db import transaction

from accounts import audit
from accounts.models import User
from whatsapp.folding import fold
from whatsapp.models import Lead, LeadNote


class NotYours(Exception):
    """A note is deleted by whoever wrote it, and by nobody else."""


class LeadStale(Exception):
    """Somebody has changed the fields since the page was opened; `lead` is as it is now."""

    def __init__(self, lead: Lead) -> None:
        super().__init__()
        self.lead = lead


def mark_of(lead: Lead) -> str:
    """Tells whether the fields that members edit are still what a page has shown."""
    told = repr((lead.name, lead.email, lead.stage))
    return hashlib.sha256(told.encode()).hexdigest()[:16]


def edit_lead(
    lead: Lead,
    *,
    name: str,
    email: str,
    stage: str,
    actor: User,
    now: datetime,
    seen: str = "",
    ip: str | None = None,
) -> list[str]:
    """Write what changed, and answer the names of those fields.

    `seen` is the mark of the lead that the person had before their eyes; empty: any.
    """
    wanted = {"name": name, "email": email, "stage": stage}
    with transaction.atomic():
        rows = Lead.objects.for_workspace(lead.workspace_id).select_for_update()
        row = rows.get(pk=lead.pk)
        if row.merged_into_id is not None:
            raise LeadStale(row)
        changed = [field for field in wanted if getattr(row, field) != wanted[field]]
        if not changed:
            return []
        if seen and seen != mark_of(row):
            raise LeadStale(row)
        for field in changed:
            setattr(row, field, wanted[field])
        row.search_text = fold(row.name)
        row.save(update_fields=[*changed, "search_text", "updated_at"])
        audit.record(
            workspace=row.workspace,
            action="lead.edited",
            actor=actor,
            target=str(row.key),
            details={"fields": changed},
            ip=ip,
            now=now,
        )
    return changed


def add_note(
    lead: Lead,
    *,
    key: uuid.UUID,
    text: str,
    author: User,
    now: datetime,
    ip: str | None = None,
) -> None:
    """Keep a note, once, however often its form is sent.

    Another text under a key that is taken is another note: somebody went back and wrote on.
    """
    with transaction.atomic():
        lead = _standing(lead)
        note = LeadNote(
            workspace_id=lead.workspace_id,
            key=_free_key(key, lead=lead, text=text),
            lead=lead,
            author=author,
            text=text,
            created_at=now,
        )
        before = LeadNote.objects.for_workspace(lead.workspace_id)
        if before.filter(key=note.key).exists():
            return
        # Two at once: the unique key lets one in.
        LeadNote.objects.bulk_create([note], ignore_conflicts=True)
        if not before.filter(key=note.key).exists():
            # It is taken where nobody here can look.
            note.key = _another_key(note.key, lead=lead, text=text)
            LeadNote.objects.bulk_create([note], ignore_conflicts=True)
        audit.record(
            workspace=lead.workspace,
            action="lead.note_added",
            actor=author,
            target=str(lead.key),
            details={"note": str(note.key)},
            ip=ip,
            now=now,
        )


def _standing(lead: Lead) -> Lead:
    """The lead, or what it is merged into by now; not to be merged until we are done."""
    leads = Lead.objects.for_workspace(lead.workspace_id).select_related("workspace")
    held: Lead = leads.select_for_update(no_key=True, of=("self",)).get(pk=lead.pk)
    if held.merged_into_id is None:
        return held
    into: Lead = leads.get(pk=held.merged_into_id)
    return into


def _free_key(key: uuid.UUID, *, lead: Lead, text: str) -> uuid.UUID:
    """The form's key; with what is written in it when that key stands for something else."""
    taken = LeadNote.objects.for_workspace(lead.workspace_id).filter(key=key)
    told = taken.values_list("lead", "text").first()
    if told in (None, (lead.pk, text)):
        return key
    return _another_key(key, lead=lead, text=text)


def _another_key(key: uuid.UUID, *, lead: Lead, text: str) -> uuid.UUID:
    return uuid.uuid5(key, f"{lead.key}{text}")


def delete_note(
    note: LeadNote, *, actor: User, now: datetime, ip: str | None = None
) -> None:
    if note.author_id != actor.pk:
        raise NotYours
    with transaction.atomic():
        rows = LeadNote.objects.for_workspace(note.workspace_id).filter(pk=note.pk)
        deleted, _ = rows.delete()
        if not deleted:
            return
        audit.record(
            workspace=note.workspace,
            action="lead.note_deleted",
            actor=actor,
            target=str(note.lead.key),
            details={"note": str(note.key)},
            ip=ip,
            now=now,
        )
