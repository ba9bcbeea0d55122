"""Clients: who they are to us and to other systems, and which lead is the same person.

Whoever writes here passes the gate first: which lead has a phone is read once, and a merge or
its undoing must not come in between.
"""

import hashlib
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Final, TypedDict

from django.db import IntegrityError, transaction
from django.utils.translation import gettext

from accounts import audit, bulk
from accounts.models import User, Workspace
from tickets.models import Client
from whatsapp.folding import fold
from whatsapp.models import Identity, Lead
from whatsapp.phones import match_key_for_phone


class Known(ValueError):
    """The `oauth_id` is another client's in this workspace; `client` is that one."""

    def __init__(self, client: Client) -> None:
        super().__init__()
        self.client = client


class ClientStale(Exception):
    """Somebody has changed the facts since the page was opened; `client` is as it is now."""

    def __init__(self, client: Client) -> None:
        super().__init__()
        self.client = client


class Facts(TypedDict, total=False):
    """`phone` is in E.164 or empty; an `oauth_id` of None takes it away."""

    name: str
    oauth_id: str | None
    phone: str
    email: str
    language: str


# Linked to the lead, or to one that was merged into it, before known by the phone alone: they
# were there before anybody wrote from it. Each way begins at an index.
_OF_LEAD: Final = """
SELECT told.id
  FROM (
    SELECT client.id, 0 AS rank
      FROM tickets_client client
     WHERE client.workspace_id = %(workspace)s AND client.lead_id = %(lead)s
    UNION ALL
    SELECT client.id, 0
      FROM whatsapp_lead gone
      JOIN tickets_client client ON client.lead_id = gone.id
     WHERE gone.workspace_id = %(workspace)s AND gone.merged_into_id = %(lead)s
       AND client.workspace_id = %(workspace)s
    UNION ALL
    SELECT client.id, 1
      FROM whatsapp_identity name
      JOIN tickets_client client ON client.match_key = name.match_key
     WHERE name.workspace_id = %(workspace)s AND name.lead_id = %(lead)s
       AND name.match_key <> '' AND client.workspace_id = %(workspace)s
       AND client.match_key <> '' AND client.lead_id IS NULL
       ) told
 ORDER BY told.rank, told.id LIMIT 1
"""


def mark_of(client: Client) -> str:
    """Tells whether the facts that members edit are still what a page has shown."""
    told = repr([getattr(client, name) for name in Facts.__annotations__])
    return hashlib.sha256(told.encode()).hexdigest()[:16]


def add(
    workspace: Workspace,
    facts: Facts,
    *,
    actor: User | None,
    now: datetime,
    ip: str | None = None,
    key: uuid.UUID | None = None,
    label: str = "",
) -> Client:
    """The new client; `key` makes a form that is sent twice one client.

    `label` names the system that did it, where it was no person.
    """
    client = Client(workspace=workspace)
    rows = Client.objects.for_workspace(workspace)
    if key is not None:
        # The form's own could be somebody else's in another workspace.
        client.key = uuid.uuid5(key, f"client of {workspace.pk}")
        sent = rows.filter(key=client.key).first()
        if sent is not None:
            return sent
    with _behind_the_gate(workspace.pk):
        _write(client, facts)
        try:
            _save(client)
        except IntegrityError:  # the same form, at the same moment
            return rows.get(key=client.key)
        _note(
            "client.added", client, actor=actor, fields=[], now=now, ip=ip, label=label
        )
    return client


def edit(
    client: Client,
    facts: Facts,
    *,
    actor: User | None,
    now: datetime,
    seen: str = "",
    ip: str | None = None,
    label: str = "",
) -> list[str]:
    """Write what changed, and answer the names of those fields.

    `seen` is the mark of the client that the person had before their eyes; empty: any.
    """
    with _behind_the_gate(client.workspace_id):
        held = _hold(client)
        changed = [
            name for name, value in facts.items() if getattr(held, name) != value
        ]
        if not changed:
            return []
        if seen and seen != mark_of(held):
            raise ClientStale(held)
        _write(held, facts)
        _save(held)
        _note(
            "client.edited",
            held,
            actor=actor,
            fields=changed,
            now=now,
            ip=ip,
            label=label,
        )
    return changed


def upsert(
    workspace: Workspace,
    oauth_id: str,
    facts: Facts,
    *,
    actor: User | None,
    now: datetime,
    ip: str | None = None,
    label: str = "",
) -> tuple[Client, bool]:
    """The client of this `oauth_id` with these facts, and whether it is a new one."""
    clients = Client.objects.for_workspace(workspace)
    with _behind_the_gate(workspace.pk):
        known: Client | None = clients.filter(oauth_id=oauth_id).first()
        if known is None:
            named = facts.get("name") or oauth_id[:200]
            fresh = Facts(**{**facts, "name": named, "oauth_id": oauth_id})
            try:
                made = add(workspace, fresh, actor=actor, now=now, ip=ip, label=label)
            except Known as race:
                known = race.client
            else:
                return made, True
        edit(known, facts, actor=actor, now=now, ip=ip, label=label)
    return clients.get(pk=known.pk), False


def sync(workspace: Workspace, oauth_id: str, facts: Facts, *, now: datetime) -> Client:
    """The client another system names, made or brought up to date; empty facts say nothing."""
    told = Facts(**{name: value for name, value in facts.items() if value})  # type: ignore[typeddict-item]
    client, _ = upsert(workspace, oauth_id, told, actor=None, now=now)
    return client


def link(
    client: Client,
    lead: Lead | None,
    *,
    actor: User,
    now: datetime,
    ip: str | None = None,
) -> None:
    """By hand: the client is this lead, or none that we know of."""
    with _behind_the_gate(client.workspace_id):
        held = _hold(client)
        held.lead = lead
        held.save(update_fields=["lead", "updated_at"])
        _note("client.linked", held, actor=actor, fields=["lead"], now=now, ip=ip)


def of_lead(lead: Lead) -> Client | None:
    """Who the lead is among the clients, also by a lead that was merged into it, or by a phone
    that they now write from."""
    rows = bulk.run(_OF_LEAD, {"workspace": lead.workspace_id, "lead": lead.pk})
    clients = Client.objects.for_workspace(lead.workspace_id)
    found: Client | None = clients.filter(pk__in=[id_ for (id_,) in rows]).first()
    return found


def from_lead(
    lead: Lead, *, phone: str, actor: User, now: datetime, ip: str | None = None
) -> Client:
    """The lead's client, linked where only the phone told of them and made where there is none
    yet; `phone` is in E.164 or empty."""
    with _behind_the_gate(lead.workspace_id):
        leads = Lead.objects.for_workspace(lead.workspace_id)
        leads.select_for_update(no_key=True).get(pk=lead.pk)  # two at once: one client
        known = of_lead(lead)
        if known is not None:
            return _recognized(known, lead, actor=actor, now=now, ip=ip)
        client = Client(workspace=lead.workspace)
        name = lead.name or phone or gettext("Unknown person")
        _write(client, {"name": name, "phone": phone, "email": lead.email})
        client.lead = lead
        client.save()
        _note("client.added", client, actor=actor, fields=[], now=now, ip=ip)
    return client


def _recognized(
    client: Client, lead: Lead, *, actor: User, now: datetime, ip: str | None
) -> Client:
    """The client as they are now; whoever linked them meanwhile knew better."""
    rows = Client.objects.for_workspace(client.workspace_id).filter(pk=client.pk)
    if rows.filter(lead=None).update(lead=lead, updated_at=now):
        _note("client.linked", client, actor=actor, fields=["lead"], now=now, ip=ip)
    return rows.get()


def find_lead(workspace_id: int, match_key: str) -> Lead | None:
    """Whose WhatsApp has this phone, in any of its notations."""
    if not match_key:
        return None
    found = (
        Identity.objects.for_workspace(workspace_id)
        .filter(match_key=match_key, lead__merged_into=None)
        .select_related("lead")
        .order_by("pk")
        .first()
    )
    return found.lead if found else None


@contextmanager
def _behind_the_gate(workspace_id: int) -> Iterator[None]:
    with transaction.atomic():
        bulk.pass_gate(workspace_id)
        yield


def _write(client: Client, facts: Facts) -> None:
    before = client.match_key
    for name, value in facts.items():
        setattr(client, name, value)
    client.match_key = match_key_for_phone(client.phone) if client.phone else ""
    if client.match_key != before:
        client.lead = _lead_after(client, before)
    client.search_text = fold(f"{client.name} {client.email} {client.oauth_id or ''}")


def _lead_after(client: Client, before: str) -> Lead | None:
    """Whom another phone belongs to. A number that nobody writes from undoes no link that
    was made by hand, but does undo what the number before it told."""
    found = find_lead(client.workspace_id, client.match_key)
    if found is not None or client.lead_id is None:
        return found
    was = find_lead(client.workspace_id, before)
    linked = client.lead.merged_into or client.lead if client.lead else None
    return None if was is not None and was == linked else client.lead


def _save(client: Client) -> None:
    try:
        with transaction.atomic():
            client.save()
    except IntegrityError:
        clients = Client.objects.for_workspace(client.workspace_id)
        other = clients.filter(oauth_id=client.oauth_id).exclude(pk=client.pk).first()
        if client.oauth_id is None or other is None:
            raise
        raise Known(other) from None


def _hold(client: Client) -> Client:
    rows = Client.objects.for_workspace(client.workspace_id)
    held: Client = rows.select_for_update().get(pk=client.pk)
    return held


def _note(
    action: str,
    client: Client,
    *,
    actor: User | None,
    fields: list[str],
    now: datetime,
    ip: str | None,
    label: str = "",
) -> None:
    audit.record(
        workspace=client.workspace,
        action=action,
        actor=actor,
        actor_label="" if actor else label or "system",
        target=str(client.key),
        details={"fields": fields} if fields else None,
        ip=ip,
        now=now,
    )
