"""How far a test of a link has come: our own steps, and what the corridor made of the message."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Case, When

from accounts.models import Workspace
from integrations.models import Channel, ChannelState
from whatsapp import link_findings
from whatsapp.link_findings import Finding
from whatsapp.models import Attribution, Lead, LinkTest, Message, TrackedLink

OURS = ("click", "redirect", "text", "message")
ALL = (*OURS, "processed", "lead")
USUAL_WAIT = timedelta(seconds=45)
GIVES_UP = timedelta(minutes=10)  # pages stop asking then
SIMULATED = "sandbox"
_BY_STATE = Case(
    When(state=ChannelState.CONNECTED, then=0),
    When(state=ChannelState.DISCONNECTED, then=2),
    default=1,
)


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
    """`state` is passed, failed, waiting or, when nobody waits any more, given_up."""

    test: LinkTest
    steps: tuple[Step, ...]
    state: str
    conversation_key: uuid.UUID | None
    lead: Lead | None


def find_number(link: TrackedLink) -> Channel | None:
    """The simulated number a test of this link walks on: its own, whatever state that is in,
    since the test is of it; or else any of the workspace, one that is connected first."""
    if not settings.SANDBOX_ENABLED:
        return None
    live = (
        Channel.objects.for_workspace(link.workspace_id)
        .select_related("integration")
        .filter(provider=SIMULATED, is_active=True, integration__isnull=False)
    )
    own: Channel | None = live.filter(pk=link.channel_id).first()
    return own or live.order_by(_BY_STATE, "pk").first()


def find_test(workspace: Workspace, key: uuid.UUID) -> LinkTest | None:
    tests = LinkTest.objects.for_workspace(workspace)
    found: LinkTest | None = (
        tests.select_related("link__channel", "channel", "touch__lead")
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
        steps.append(_lead_step(test, _verdicts([test]).get(_place(test))))
    has_failed = any(one.state == "failed" for one in steps)
    if not has_failed and len(steps) < len(ALL):
        steps.append(_waiting(test, ALL[len(steps)], now))
    rest = (Step(name, "later") for name in ALL[len(steps) :])
    state = _so_far(test, has_failed=has_failed, is_done=message is not None, now=now)
    return Walk(
        test=test,
        steps=(*steps, *rest),
        state=state,
        conversation_key=message.conversation.key
        if message and message.conversation
        else None,
        lead=lead,
    )


def states_of(
    tests: Sequence[LinkTest], *, now: datetime
) -> list[tuple[LinkTest, str]]:
    """Tests of one workspace for a list, each with its state."""
    verdicts = _verdicts(tests)
    told = []
    for test in tests:
        verdict = verdicts.get(_place(test))
        has_failed = any(one["state"] == "failed" for one in test.steps) or (
            verdict is not None and not _shows(test, verdict)
        )
        state = _so_far(
            test, has_failed=has_failed, is_done=verdict is not None, now=now
        )
        told.append((test, state))
    return told


def _so_far(test: LinkTest, *, has_failed: bool, is_done: bool, now: datetime) -> str:
    if has_failed or is_done:
        return "failed" if has_failed else "passed"
    return "waiting" if now - test.started_at < GIVES_UP else "given_up"


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


def _verdicts(tests: Sequence[LinkTest]) -> dict[tuple[int, str], Attribution]:
    """What the corridor made of each message. What counts for its lead now may be another:
    somebody corrected it, or the lead was merged."""
    if not tests:
        return {}
    found = Attribution.objects.for_workspace(tests[0].workspace_id).filter(
        channel__in={one.channel_id for one in tests},
        message_external_id__in=[one.message_id for one in tests if one.message_id],
    )
    return {(one.channel_id or 0, one.message_external_id or ""): one for one in found}


def _place(test: LinkTest) -> tuple[int, str]:
    return test.channel_id, test.message_id


def _shows(test: LinkTest, verdict: Attribution) -> bool:
    return verdict.touch_id == test.touch_id


def _lead_step(test: LinkTest, verdict: Attribution | None) -> Step:
    if verdict is not None and _shows(test, verdict):
        rule = f"{verdict.get_rule_display()} · {verdict.get_confidence_display()}"
        return Step("lead", "done", verdict.decided_at, told=rule)
    return Step("lead", "failed", finding=_one("no_origin"))


def _waiting(test: LinkTest, name: str, now: datetime) -> Step:
    is_long = name == "processed" and now - test.started_at > USUAL_WAIT
    return Step(name, "waiting", finding=_one("not_processed") if is_long else None)


def _one(code: str) -> Finding:
    return link_findings.read([link_findings.told(code)])[0]
