"""How far a test of a link has come: our own steps, and what the corridor made of the message."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings

from accounts.models import Workspace
from integrations.models import Channel
from whatsapp import link_findings
from whatsapp.link_findings import Finding
from whatsapp.models import Attribution, Lead, LinkTest, Message, TrackedLink

OURS = ("click", "redirect", "text", "message")
ALL = (*OURS, "processed", "lead")
USUAL_WAIT = timedelta(seconds=45)
GIVES_UP = timedelta(minutes=10)  # pages stop asking then
SIMULATED = "sandbox"


@dataclass(frozen=True, slots=True)
class Step:
    """`state` is done, failed, waiting (it is its turn) or later."""

    name: str
    state: str
    at: datetime | None = None
    millis: int | None = None
    told: str = ""
    finding: Finding | None = None


@dataclass(frozen=True, slots=True)
class Walk:
    """`state` is passed, failed or waiting; `asks_again` while it can still change soon."""

    test: LinkTest
    steps: tuple[Step, ...]
    state: str
    asks_again: bool
    conversation_key: uuid.UUID | None
    lead: Lead | None


def find_number(link: TrackedLink) -> Channel | None:
    """The simulated number a test of this link walks on: its own, or any of the workspace."""
    if not settings.SANDBOX_ENABLED:
        return None
    live = (
        Channel.objects.for_workspace(link.workspace_id)
        .select_related("integration")
        .filter(provider=SIMULATED, is_active=True, integration__isnull=False)
    )
    own: Channel | None = live.filter(pk=link.channel_id).first()
    return own or live.order_by("pk").first()


def find_test(workspace: Workspace, key: uuid.UUID) -> LinkTest | None:
    tests = LinkTest.objects.for_workspace(workspace)
    found: LinkTest | None = (
        tests.select_related("link__channel", "channel", "touch__lead__attribution")
        .filter(key=key)
        .first()
    )
    return found


def read(test: LinkTest, *, now: datetime) -> Walk:
    """A walk as it stands now."""
    steps = [_ours(one) for one in test.steps]
    message = _message(test)
    lead = test.touch.lead if test.touch else None
    if message is not None:
        steps.append(Step("processed", "done", message.stored_at))
        steps.append(_lead_step(test, lead))
    has_failed = any(one.state == "failed" for one in steps)
    if not has_failed and len(steps) < len(ALL):
        steps.append(_waiting(test, ALL[len(steps)], now))
    rest = (Step(name, "later") for name in ALL[len(steps) :])
    is_over = has_failed or message is not None
    return Walk(
        test=test,
        steps=(*steps, *rest),
        state="failed" if has_failed else "passed" if is_over else "waiting",
        asks_again=not is_over and now - test.started_at < GIVES_UP,
        conversation_key=message.conversation.key
        if message and message.conversation
        else None,
        lead=lead,
    )


def state_of(test: LinkTest) -> str:
    """For lists, without looking for the message."""
    if any(one["state"] == "failed" for one in test.steps):
        return "failed"
    lead = test.touch.lead if test.touch else None
    return "passed" if lead and _counts(test, lead.attribution) else "waiting"


def _ours(step: Mapping[str, Any]) -> Step:
    findings: Sequence[Finding] = link_findings.read(
        [step["finding"]] if "finding" in step else []
    )
    return Step(
        name=step["name"],
        state=step["state"],
        at=datetime.fromisoformat(step["at"]),
        millis=step["ms"],
        told=step["told"],
        finding=findings[0] if findings else None,
    )


def _message(test: LinkTest) -> Message | None:
    if not test.message_id:
        return None
    found: Message | None = (
        Message.objects.for_workspace(test.workspace_id)
        .select_related("conversation")
        .filter(channel=test.channel_id, external_id=test.message_id)
        .first()
    )
    return found


def _counts(test: LinkTest, verdict: Attribution | None) -> bool:
    return verdict is not None and verdict.touch_id == test.touch_id


def _lead_step(test: LinkTest, lead: Lead | None) -> Step:
    verdict = lead.attribution if lead else None
    if verdict is not None and _counts(test, verdict):
        rule = f"{verdict.get_rule_display()} · {verdict.get_confidence_display()}"
        return Step("lead", "done", verdict.decided_at, told=rule)
    return Step("lead", "failed", finding=_one("no_origin"))


def _waiting(test: LinkTest, name: str, now: datetime) -> Step:
    is_long = name == "processed" and now - test.started_at > USUAL_WAIT
    return Step(name, "waiting", finding=_one("not_processed") if is_long else None)


def _one(code: str) -> Finding:
    return link_findings.read([link_findings.told(code)])[0]
