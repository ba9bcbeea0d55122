"""The templates of a sandbox number: the fixed ones, and those that somebody submitted.

`views.sandbox_templates` comes before. What is submitted rests with the integration, as it
rests with a provider's account; its review is a matter of time, and `simulated_post` tells
the outcome by webhook as Meta does.
"""

import re
import secrets
from datetime import datetime, timedelta
from typing import Any, Final

from django.utils import timezone

from accounts.scoping import workspace_transaction
from integrations.models import Channel, Integration
from integrations.providers.base.types import Json, TemplateNews
from integrations.providers.sandbox import phone, review
from integrations.providers.sandbox.samples import TEMPLATES
from integrations.services.simulated_post import POSTMAN

MOST: Final = 200  # that one integration may make
# As Meta would say it.
EXISTS, MISSHAPEN, TOO_MANY, UNKNOWN = "2388024", "100", "2388019", "132001"

_PLACE: Final = "simulated_templates"
_NAME: Final = re.compile(r"[a-z0-9_]{1,512}")
_LANGUAGE: Final = re.compile(r"[a-z]{2,3}(_[A-Z]{2})?")
_CATEGORIES: Final = frozenset({"MARKETING", "UTILITY", "AUTHENTICATION"})

Template = dict[str, Json]


class NotTaken(Exception):
    """The gateway does not take this template; `code` is Meta's."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def list_of(channel: Channel, *, now: datetime) -> list[Template]:
    """Every template of the number's account, as it stands at this moment."""
    with workspace_transaction(channel.workspace_id):
        kept = _kept(_integration(channel))
    return [_told(one, now=now) for one in _all(kept)]


def is_approved(channel: Channel, *, name: str, language: str, now: datetime) -> bool:
    return any(
        (one["name"], one["language"], one["status"]) == (name, language, "APPROVED")
        for one in list_of(channel, now=now)
    )


def create(channel: Channel, body: dict[str, Any], *, now: datetime) -> Template:
    """Take a template and begin its review, or raise NotTaken."""
    made = _read(body)
    with workspace_transaction(channel.workspace_id):
        integration = _integration(channel, is_held=True)
        kept = _kept(integration)
        same = [
            one
            for one in _all(kept)
            if (one["name"], one["language"]) == (made["name"], made["language"])
        ]
        if same:
            raise NotTaken(EXISTS)
        if len(kept["made"]) >= MOST:
            raise NotTaken(TOO_MANY)
        made["id"] = f"sandbox-{secrets.token_hex(8)}"
        _keep(integration, kept, made, now=now)
    _announce(channel, made)
    return _told(made, now=now)


def edit(
    channel: Channel, id_: str, body: dict[str, Any], *, now: datetime
) -> Template:
    """Give a template other contents and review it anew, or raise NotTaken."""
    changed = _read(body)
    with workspace_transaction(channel.workspace_id):
        integration = _integration(channel, is_held=True)
        kept = _kept(integration)
        before = next((one for one in _all(kept) if one["id"] == id_), None)
        if before is None:
            raise NotTaken(UNKNOWN)
        changed |= {name: before[name] for name in ("id", "name", "language")}
        _keep(integration, kept, changed, now=now)
    _announce(channel, changed)
    return _told(changed, now=now)


def delete(channel: Channel, name: str) -> None:
    """In all its languages, or raise NotTaken where there is none of this name."""
    with workspace_transaction(channel.workspace_id):
        integration = _integration(channel, is_held=True)
        kept = _kept(integration)
        if not any(one["name"] == name for one in _all(kept)):
            raise NotTaken(UNKNOWN)
        kept["made"] = [one for one in kept["made"] if one["name"] != name]
        kept["deleted"] = sorted({*kept["deleted"], name})
        _save(integration, kept)


# --- rows ---------------------------------------------------------------------------
def _integration(channel: Channel, *, is_held: bool = False) -> Integration:
    rows = Integration.objects.for_workspace(channel.workspace_id)
    found: Integration = (rows.select_for_update() if is_held else rows).get(
        channels=channel
    )
    return found


def _kept(integration: Integration) -> dict[str, Any]:
    kept: dict[str, Any] = {"made": [], "deleted": []}
    kept.update(integration.meta.get(_PLACE, {}))
    return kept


def _all(kept: dict[str, Any]) -> list[Template]:
    made = {one["id"]: one for one in kept["made"]}
    fixed = [
        made.pop(one["id"], one)
        for one in TEMPLATES
        if one["name"] not in kept["deleted"]
    ]
    return [*fixed, *made.values()]


def _keep(
    integration: Integration, kept: dict[str, Any], made: Template, *, now: datetime
) -> None:
    ends_at = now + timedelta(seconds=review.SECONDS)
    made["reviewed_at"] = ends_at.timestamp()
    others = [one for one in kept["made"] if one["id"] != made["id"]]
    _save(integration, kept | {"made": [*others, made]})


def _save(integration: Integration, kept: dict[str, Any]) -> None:
    integration.meta[_PLACE] = kept
    integration.save(update_fields=["meta"])


# --- what is told -------------------------------------------------------------------
def _read(body: dict[str, Any]) -> Template:
    told = {key: body.get(key) for key in ("name", "language", "category")}
    components = body.get("components")
    is_right = (
        all(isinstance(one, str) for one in told.values())
        and _NAME.fullmatch(str(told["name"]))
        and _LANGUAGE.fullmatch(str(told["language"]))
        and told["category"] in _CATEGORIES
        and isinstance(components, list)
        and any(
            isinstance(one, dict) and one.get("type") == "BODY" and one.get("text")
            for one in components
        )
    )
    if not is_right:
        raise NotTaken(MISSHAPEN)
    return {**told, "components": components}


def _told(template: Template, *, now: datetime) -> Template:
    """As the gateway lists it: in review until its time has come."""
    if "reviewed_at" not in template:
        return dict(template)
    told = {key: one for key, one in template.items() if key != "reviewed_at"}
    found = review.verdict(template)
    if now.timestamp() < template["reviewed_at"] or not found.status:
        return {**told, "status": "PENDING", "rejected_reason": "NONE"}
    return {
        **told,
        "category": found.category or told["category"],
        "status": found.status,
        "rejected_reason": found.reason,
    }


def _announce(channel: Channel, template: Template) -> None:
    """The outcome goes to our webhook when the review ends; one without an end is silent."""
    found = review.verdict(template)
    if not found.status:
        return
    told = {**template, "rejected_reason": found.reason}

    def status() -> Template:
        return phone.template(
            told, news=TemplateNews.STATUS, word=found.status, at=timezone.now()
        )

    def category() -> Template:
        return phone.template(
            {**told, "rejected_reason": ""},
            news=TemplateNews.CATEGORY,
            word=found.category,
            at=timezone.now(),
        )

    POSTMAN.bring(channel, status, after=review.SECONDS)
    if found.category:
        POSTMAN.bring(channel, category, after=review.SECONDS)
