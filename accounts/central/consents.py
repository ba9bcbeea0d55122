"""What a person has allowed an application, so that the same thing is asked once.

A consent answers for the application that was told to be registered, so it counts only
where that one can be recognised: by its secret, or by an https address of its own. Any
program on a phone or a desktop can pass for another that has neither (RFC 8252, 8.6).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from allauth.idp.oidc.adapter import get_adapter
from allauth.idp.oidc.models import Client
from django.db import transaction
from django.http import HttpRequest

from accounts.central import clients, families, journal
from accounts.central.models import Consent
from accounts.models import User


@dataclass(frozen=True, slots=True)
class Access:
    """One application on the page of an account: what it may, and since when."""

    client: Client
    since: datetime
    may: list[str]
    address: str  # where a first-party application lives, else ""


def is_remembered(client: Client, redirect_uri: str) -> bool:
    """Whether a consent may stand for later sign-ins that lead to this address."""
    is_confidential = client.type == Client.Type.CONFIDENTIAL
    return is_confidential or urlsplit(redirect_uri).scheme == "https"


def covers(
    *, user: User, client: Client, redirect_uri: str, scopes: Iterable[str]
) -> bool:
    """Whether all of this was allowed before, to this application."""
    if not is_remembered(client, redirect_uri):
        return False
    found = Consent.objects.filter(user=user, client=client).first()
    return found is not None and set(scopes) <= set(found.scopes)


@transaction.atomic
def remember(
    *, user: User, client: Client, scopes: Iterable[str], now: datetime
) -> None:
    """Add what was allowed just now; an earlier consent to something else stays."""
    made, _is_new = Consent.objects.get_or_create(
        user=user, client=client, defaults={"scopes": [], "given_at": now}
    )
    consent = Consent.objects.select_for_update().get(pk=made.pk)
    added = set(scopes) - set(consent.scopes)
    if not added:
        return
    consent.scopes = sorted({*consent.scopes, *added})
    consent.given_at = now
    consent.save(update_fields=["scopes", "given_at"])
    journal.record(
        "consent.given",
        target=f"client:{client.pk}",
        details={"scopes": sorted(added)},
        actor=user,
    )


def accesses(user: User, *, now: datetime) -> list[Access]:
    """Every application that holds tokens of this person, or that would not ask again."""
    since: dict[Client, datetime] = {}
    may: dict[Client, set[str]] = {}
    alive = families.alive(now).filter(user=user)
    for family in alive.select_related("client__application"):
        since[family.client] = max(
            family.created_at, since.get(family.client, family.created_at)
        )
        may.setdefault(family.client, set()).update(family.code["scopes"])
    for consent in Consent.objects.filter(user=user).select_related(
        "client__application"
    ):
        since.setdefault(consent.client, consent.given_at)
        may.setdefault(consent.client, set()).update(consent.scopes)
    newest_first = sorted(since, key=lambda client: since[client], reverse=True)
    return [
        Access(client, since[client], _in_words(may[client]), _address(client))
        for client in newest_first
    ]


@transaction.atomic
def end(user: User, client: Client, *, request: HttpRequest) -> None:
    """End its tokens and forget the consent: the next sign-in there asks again."""
    ended = families.revoke_all(user=user, client=client, why="ended_by_person")
    forgotten, _by_model = Consent.objects.filter(user=user, client=client).delete()
    if ended or forgotten:
        journal.record("access.ended", target=f"client:{client.pk}", request=request)


def _in_words(scopes: set[str]) -> list[str]:
    """In the order and the words of the consent page."""
    known = get_adapter().scope_display
    return [str(known[scope]) for scope in known if scope in scopes]


def _address(client: Client) -> str:
    if not client.application.is_first_party:
        return ""
    return next(iter(sorted(clients.origins(client))), "")
