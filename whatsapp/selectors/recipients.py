"""Whom an answer goes to: the person's ids exactly as WhatsApp told them."""

from collections.abc import Iterable, Sequence

from integrations.providers.base.types import Party
from whatsapp.models import Conversation, Identity, IdentityKind, Message

_FIELDS = {
    IdentityKind.WA_ID.value: "wa_id",
    IdentityKind.BSUID.value: "bsuid",
    IdentityKind.LID.value: "lid",
}


def party_of(conversation: Conversation) -> Party | None:
    """The person of a conversation as messages must name them; None when nothing is known.

    A lead may be several phones merged into one: then only those ids count under which the
    person wrote here last.
    """
    identities = list(
        Identity.objects.for_workspace(conversation.workspace_id)
        .filter(lead=conversation.lead_id)
        .order_by("-last_seen_at", "-pk")
    )
    wrote_as = (
        Message.objects.for_workspace(conversation.workspace_id)
        .filter(conversation=conversation, direction="inbound")
        .exclude(peer_key="")
        .order_by("-provider_at", "-pk")
        .values_list("peer_key", flat=True)
        .first()
    )
    return party_from(identities, wrote_as)


def party_from(identities: Sequence[Identity], wrote_as: str | None) -> Party | None:
    """Of somebody's identities, newest first, and the key under which they wrote last. Pure."""
    ids = [one for one in identities if one.kind in _FIELDS]
    here = [one for one in ids if one.match_key == wrote_as]
    if not here:
        here = ids
    elif not _is_ambiguous(ids):
        here += ids
    told = _first_of_each(here)
    if not told:
        phone = next(
            (one for one in identities if one.kind == IdentityKind.PHONE), None
        )
        told = {"wa_id": phone.value} if phone else {}
    return Party(**told) if told else None


def _is_ambiguous(ids: Iterable[Identity]) -> bool:
    """Several people's worth of ids: two numbers that are not the same one, two of a kind."""
    keys: dict[str, set[str]] = {}
    for one in ids:
        keys.setdefault(one.kind, set()).add(one.match_key)
    return any(len(found) > 1 for found in keys.values())


def _first_of_each(ids: Iterable[Identity]) -> dict[str, str]:
    told: dict[str, str] = {}
    for one in ids:
        told.setdefault(_FIELDS[one.kind], one.value)
    return told
