"""A test of a link: the walk of one person from the click to the lead, taken by ourselves.

The page of the link comes before. We open the public address, read what WhatsApp would, and
post the message as the simulated phone does; from there on the corridor works as for any
customer, and `selectors.link_tests` reads what came of it. The click is kept as a test, and
so is the lead whose origin it is. The person's number begins with +999, which no country has.
"""

import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext

from accounts import audit
from accounts.models import User
from accounts.scoping import workspace_transaction
from integrations.http import Client
from integrations.models import Channel
from integrations.providers.base.errors import ProviderError
from integrations.providers.base.types import Party
from integrations.services import sandbox
from whatsapp import link_findings, link_marks, tokens
from whatsapp.link_findings import told
from whatsapp.link_marks import Mark, Purpose
from whatsapp.models import LinkTest, Touch, TrackedLink
from whatsapp.services import link_checks, links

DEADLINE = 8.0  # seconds for the click; somebody looks at the page meanwhile
BROWSER = "Mozilla/5.0 (Recado; test of a tracked link)"
NOBODYS_COUNTRY = "999"

Found = dict[str, Any]


class _Failed(Exception):
    """A step did not go well; `finding` says why."""

    def __init__(self, finding: Found) -> None:
        super().__init__(finding["code"])
        self.finding = finding


def begin(
    link: TrackedLink,
    *,
    channel: Channel,
    key: uuid.UUID,
    actor: User,
    now: datetime,
    ip: str | None = None,
) -> tuple[LinkTest, bool]:
    """The test of this key, and whether it is a new one: a form sent twice is one test."""
    mine = LinkTest.objects.for_workspace(link.workspace_id).filter(link=link)
    test = mine.filter(key=key).first()
    if test is not None:
        return test, False
    values = {
        "workspace_id": link.workspace_id,
        "link": link,
        "channel": channel,
        "started_at": now,
        "started_by": actor,
    }
    try:
        with transaction.atomic():
            test, is_new = LinkTest.objects.create(key=key, **values), True
    except IntegrityError:  # the other submit was faster, or the key is not this form's
        test = mine.filter(key=key).first()
        is_new = test is None
        test = test or LinkTest.objects.create(**values)
    if is_new:
        audit.record(
            workspace=link.workspace,
            action="link.tested",
            actor=actor,
            target=str(link.key),
            ip=ip,
            now=now,
        )
    return test, is_new


def walk(test: LinkTest, *, link: TrackedLink, channel: Channel) -> None:
    """Take our own steps, each written down as soon as it is done. No transaction is open."""
    try:
        target = _step(test, "click", lambda: _click(link, channel))
        _step(test, "redirect", lambda: _judge(target, channel))
        text = _step(test, "text", lambda: _text(target))
        _step(test, "message", lambda: _post(test, link, channel, text))
    except _Failed:
        return


def _step(test: LinkTest, name: str, act: Callable[[], str]) -> str:
    begun = time.monotonic()
    step: Found = {"name": name, "state": "done"}
    outcome = ""
    try:
        outcome = act()
    except _Failed as failure:
        step |= {"state": "failed", "finding": failure.finding}
        raise
    finally:
        step["at"] = timezone.now().astimezone(UTC).isoformat()
        step["ms"] = round((time.monotonic() - begun) * 1000)
        step["told"] = outcome[:1000]
        test.steps = [*test.steps, step]
        with workspace_transaction(test.workspace_id):
            if name == "text" and outcome:
                test.touch = _touch(test.workspace_id, outcome)
            test.save(update_fields=["steps", "touch", "message_id"])
    return outcome


def _click(link: TrackedLink, channel: Channel) -> str:
    client = Client(
        workspace_id=link.workspace_id,
        channel_id=channel.pk,
        redact_keys={link_marks.HEADER},
        deadline=DEADLINE,
    )
    mark = Mark(Purpose.TEST, link.pk, channel.pk)
    headers = {"User-Agent": BROWSER, link_marks.HEADER: link_marks.written(mark)}
    try:
        answer = client.request(
            "GET", links.public_url(link), operation="test_link", headers=headers
        )
    except ProviderError as error:
        raise _Failed(link_findings.unreachable(error.code)) from None
    if answer.status_code == 410:
        raise _Failed(told("paused" if link.is_paused else "number_off"))
    if answer.status_code != 302 or "location" not in answer.headers:
        raise _Failed(told("no_redirect", status=answer.status_code))
    return answer.headers["location"]


def _judge(target: str, channel: Channel) -> str:
    found = link_checks.judge_target(target, phone=channel.phone)
    wrong = [one for one in found if one["code"] == "wrong_target"]
    if wrong:
        raise _Failed(wrong[0])
    return urlsplit(target)._replace(query="").geturl()


def _text(target: str) -> str:
    [text] = parse_qs(urlsplit(target).query).get("text", [""])
    if _token(text) is None:
        raise _Failed(told("token_missing"))
    return text


def _token(text: str) -> str | None:
    marked = tokens.find(text).marked
    return next((one for one in marked if tokens.is_intact(one)), None)


def _touch(workspace_id: int, text: str) -> Touch | None:
    clicks = Touch.objects.for_workspace(workspace_id)
    return clicks.filter(token=_token(text)).first()


def _post(test: LinkTest, link: TrackedLink, channel: Channel, text: str) -> str:
    test.message_id = f"test.{test.key.hex}"
    event = sandbox.message(
        test.message_id,
        sender=Party(
            wa_id=f"{NOBODYS_COUNTRY}{test.pk:09d}",
            name=gettext("Test of %(slug)s") % {"slug": link.slug},
        ),
        at=timezone.now(),
        text=text,
    )
    try:
        sandbox.post(channel, [event])
    except sandbox.NotDelivered as refused:
        is_phones = refused.code in (sandbox.NOT_LINKED, sandbox.OFFLINE)
        raise _Failed(
            told(refused.code) if is_phones else told("post_refused", code=refused.code)
        ) from None
    return ""
