"""Tracked links: adding and changing one, and recording each click as a touch with a token.

The visitor's first message carries the token back; `webhooks/attribution.py` reads it.
"""

import hashlib
import hmac
import ipaddress
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from urllib.parse import quote

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.db.models import F

from accounts import audit
from accounts.models import User, Workspace
from integrations.models import Channel
from whatsapp import tokens
from whatsapp.models import RetiredSlug, Touch, TouchKind, TrackedLink

UTM_FIELDS = ("utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term")
CLICK_ID_FIELDS = ("gclid", "fbclid")
LONGEST_TEXT = 2000  # of what visitors send into columns without a size of their own
TOKEN_TRIES = 5
_UNSTORABLE = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")


class LinkInvalid(Exception):
    """The link cannot be added so. `problems` gives the reason for each field."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__("; ".join(f"{name}: {why}" for name, why in problems.items()))
        self.problems = dict(problems)


def add_tracked_link(
    *,
    workspace: Workspace,
    channel: Channel,
    slug: str,
    now: datetime,
    prefilled_text: str = "",
    landing_url: str = "",
    utm: Mapping[str, str] | None = None,
    actor: User | None = None,
    actor_label: str = "",
    ip: str | None = None,
) -> TrackedLink:
    """Add `/r/<slug>` for a number of this workspace, or raise LinkInvalid."""
    link = TrackedLink(
        workspace=workspace,
        channel=channel,
        slug=slug,
        prefilled_text=prefilled_text,
        landing_url=landing_url,
        **{name: (utm or {}).get(name, "") for name in UTM_FIELDS},
    )
    if channel.workspace_id != workspace.pk:
        raise LinkInvalid({"channel": "is not a number of this workspace"})
    with _told_as_invalid():
        link.clean_fields()
        with transaction.atomic():
            link.save()
            _refuse_retired(link)
            audit.record(
                workspace=workspace,
                action="link.added",
                actor=actor,
                actor_label=actor_label,
                target=str(link.key),
                details={"slug": slug},
                ip=ip,
                now=now,
            )
    return link


@contextmanager
def _told_as_invalid() -> Iterator[None]:
    """What the fields or the database refuse, as LinkInvalid by field."""
    try:
        yield
    except ValidationError as error:
        raise LinkInvalid(
            {name: " ".join(texts) for name, texts in error.message_dict.items()}
        ) from None
    except IntegrityError:
        raise LinkInvalid({"slug": "is taken"}) from None


def change_tracked_link(
    link: TrackedLink,
    *,
    channel: Channel,
    slug: str,
    prefilled_text: str,
    utm: Mapping[str, str],
    now: datetime,
    landing_url: str = "",
    actor: User | None = None,
    ip: str | None = None,
) -> TrackedLink:
    """Give a link other values, or raise LinkInvalid. Clicks so far keep what they had.

    Addresses that it had before stay its own and go on leading to it.
    """
    if channel.workspace_id != link.workspace_id:
        raise LinkInvalid({"channel": "is not a number of this workspace"})
    wanted = {
        "channel_id": channel.pk,
        "slug": slug,
        "prefilled_text": prefilled_text,
        "landing_url": landing_url,
    }
    wanted |= {name: utm.get(name, "") for name in UTM_FIELDS}
    with _told_as_invalid(), transaction.atomic():
        link = _locked(link)
        slug_so_far = link.slug
        changed = [
            name for name, value in wanted.items() if getattr(link, name) != value
        ]
        for name in changed:
            setattr(link, name, wanted[name])
        link.clean_fields()
        if changed:
            link.next_check_at = now  # what was checked is not what stands there now
            link.save(update_fields=[*changed, "next_check_at"])
            if "slug" in changed:
                _retire(link, slug_so_far, now=now)
            audit.record(
                workspace=link.workspace,
                action="link.changed",
                actor=actor,
                target=str(link.key),
                details={"fields": sorted(changed)},
                ip=ip,
                now=now,
            )
    return link


def _retire(link: TrackedLink, slug_so_far: str, *, now: datetime) -> None:
    _refuse_retired(link)
    retired = RetiredSlug.objects.for_workspace(link.workspace_id)
    retired.filter(link=link, slug=link.slug).delete()  # it takes its own back
    RetiredSlug.objects.create(
        workspace_id=link.workspace_id, link=link, slug=slug_so_far, retired_at=now
    )


def _refuse_retired(link: TrackedLink) -> None:
    """Raise LinkInvalid where the address was another link's before.

    Asked once the row is written: its unique index has made us wait for whoever was giving
    the address up at this moment.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT whatsapp_slug_is_retired(%s, %s)", [link.slug, link.pk])
        (is_retired,) = cursor.fetchone()
    if is_retired:
        raise LinkInvalid({"slug": "is taken"})


def set_paused(
    link: TrackedLink,
    *,
    is_paused: bool,
    now: datetime,
    actor: User | None = None,
    ip: str | None = None,
) -> bool:
    """Pause or resume; answers whether that changed anything."""
    with transaction.atomic():
        link = _locked(link)
        if link.is_paused == is_paused:
            return False
        link.is_paused = is_paused
        link.next_check_at = now
        link.save(update_fields=["is_paused", "next_check_at"])
        audit.record(
            workspace=link.workspace,
            action="link.paused" if is_paused else "link.resumed",
            actor=actor,
            target=str(link.key),
            ip=ip,
            now=now,
        )
    return True


def record_click(
    link: TrackedLink,
    *,
    query: Mapping[str, str],
    referrer: str,
    user_agent: str,
    ip: str | None,
    now: datetime,
    is_test: bool = False,
) -> str:
    """Keep the click and answer its new token. What the visitor sent is cut to size.

    A test is kept under the link's name alone, so that no figure of the link counts it.
    """
    touch = Touch(
        workspace_id=link.workspace_id,
        kind=TouchKind.TEST if is_test else TouchKind.LINK,
        link=None if is_test else link,
        headline=link.slug if is_test else "",
        channel_id=link.channel_id,
        occurred_at=now,
        referrer=_clean(referrer, LONGEST_TEXT),
        user_agent=_clean(user_agent, LONGEST_TEXT),
        ip_hash=_ip_hash(link.workspace_id, ip),
    )
    for name in (*UTM_FIELDS, *CLICK_ID_FIELDS):
        size = getattr(Touch._meta.get_field(name), "max_length", LONGEST_TEXT)
        told = _clean(query.get(name, ""), size)
        setattr(touch, name, told or getattr(link, name, ""))
    for attempt in range(1, TOKEN_TRIES + 1):
        touch.token = tokens.new_token()
        try:
            with transaction.atomic():
                touch.save(force_insert=True)
        except IntegrityError:
            if attempt == TOKEN_TRIES:  # not bad luck any more: something else is wrong
                raise
        else:
            break
    return str(touch.token)


def count_over_limit(link: TrackedLink) -> None:
    """A click that gets no token and leaves no touch, so that a flood fills no table."""
    TrackedLink.objects.for_workspace(link.workspace_id).filter(pk=link.pk).update(
        clicks_over_limit=F("clicks_over_limit") + 1
    )


def whatsapp_url(link: TrackedLink, *, token: str | None) -> str:
    """Where the visitor goes on: the chat with our number, its text already written."""
    text = first_message(link, token=token)
    address = f"https://wa.me/{link.channel.phone.lstrip('+')}"
    return f"{address}?text={quote(text, safe='')}" if text else address


def first_message(link: TrackedLink, *, token: str | None) -> str:
    """What stands in the visitor's text field when the chat opens."""
    lines = [link.prefilled_text, f"vm_token:{token}" if token else ""]
    return "\n".join(line for line in lines if line)


def public_url(link: TrackedLink) -> str:
    return slug_url(link.slug)


def slug_url(slug: str) -> str:
    return f"{settings.PUBLIC_URL}/r/{slug}"


def _locked(link: TrackedLink) -> TrackedLink:
    locked: TrackedLink = (
        TrackedLink.objects.for_workspace(link.workspace_id)
        .select_related("workspace", "channel")
        .select_for_update(of=("self",))
        .get(pk=link.pk)
    )
    return locked


def _clean(value: str, size: int) -> str:
    return _UNSTORABLE.sub("", value).strip()[:size]


def _ip_hash(workspace_id: int, ip: str | None) -> bytes | None:
    """Tell visits apart without keeping the address; nor do hashes meet across workspaces."""
    try:
        packed = ipaddress.ip_address((ip or "").partition("%")[0]).packed
    except ValueError:
        return None
    key = hmac.digest(
        settings.SECRET_KEY.encode(), b"recado: address of a link's visitor", "sha256"
    )
    return hmac.new(key, b"%d:%b" % (workspace_id, packed), hashlib.sha256).digest()
