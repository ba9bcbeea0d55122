"""The daily check of tracked links: does each still lead where it should?

Celery's beat and `manage.py check_links` come before; the pages of links show what is found.
One thread reads and writes; the others ask our own public address and the pages where links
stand, each within its time, and have no connection to the database. So a slow page delays
nobody. A link that is taken on is due again after `LEASE`, should nobody write the answer.

The public address is asked with a signed mark (`link_marks`): it is answered as a visitor
is, with a token that our own parser has to find, and counts for nothing.
"""

import logging
import time
from collections import Counter, deque
from collections.abc import Collection, Generator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from django.db import transaction
from django.db.models import Prefetch
from django.utils import timezone

from accounts import audit
from accounts.models import User, Workspace
from accounts.scoping import workspace_transaction
from integrations.http import Client
from integrations.models import ChannelLog, ChannelState
from integrations.providers.base.errors import ProviderError
from whatsapp import link_findings, link_marks, queue, tokens
from whatsapp.link_findings import told
from whatsapp.link_marks import Mark, Purpose
from whatsapp.models import LinkCheck, RetiredSlug, TrackedLink
from whatsapp.services import landing, links

EVERY: Final = timedelta(days=1)
LEASE: Final = timedelta(minutes=10)
DEADLINE: Final = 240.0  # seconds in which checks are begun
EXCHANGE: Final = 8.0  # seconds for our own public address
THREADS: Final = 16
MOST_OF_ONE: Final = 500  # links of one workspace in one run; the rest stays due
# A person, by the look of it: what a preview is answered with says nothing of visitors.
BROWSER: Final = "Mozilla/5.0 (Recado; check of a tracked link)"

Found = dict[str, Any]

logger = logging.getLogger("integrations")


@dataclass(slots=True)
class Tally:
    """What a run did, for logs and the command."""

    checked: int = 0
    changed: int = 0
    seconds: float = 0.0
    states: Counter[str] = field(default_factory=Counter)


@dataclass(slots=True)
class _Answer:
    findings: list[Found]
    failures: list[ChannelLog]


def ask_now(
    link: TrackedLink, *, now: datetime, actor: User | None, ip: str | None = None
) -> None:
    """Somebody wants to know now; asked twice it is checked once."""
    waiting = TrackedLink.objects.for_workspace(link.workspace_id).filter(pk=link.pk)
    fresh = waiting.filter(check_asked_at__isnull=True)
    has_asked = fresh.update(check_asked_at=now, next_check_at=now)
    if has_asked:
        audit.record(
            workspace=link.workspace,
            action="link.checked",
            actor=actor,
            target=str(link.key),
            ip=ip,
            now=now,
        )
    else:  # a hint was lost, or its worker died: this is the next one
        waiting.update(check_asked_at=now, next_check_at=now)
    transaction.on_commit(queue.hint_link_checks)


def run(
    *,
    workspace: Workspace | None = None,
    is_forced: bool = False,
    deadline: float = DEADLINE,
) -> Tally:
    """Check every link that is due, of one workspace or of all; `is_forced` asks for those
    that are not due as well."""
    begun = time.monotonic()
    tally = Tally()
    waiting = _due(workspace, is_forced=is_forced)
    under_way: dict[Future[_Answer], TrackedLink] = {}
    with ThreadPoolExecutor(THREADS, thread_name_prefix="links") as pool:
        while True:
            has_time = time.monotonic() - begun < deadline
            while has_time and len(under_way) < THREADS:
                link = next(waiting, None)
                if link is None:
                    break
                under_way[pool.submit(_examine, link)] = link
            if not under_way:
                break
            done, _ = wait(under_way, return_when=FIRST_COMPLETED)
            for future in done:
                _write(under_way.pop(future), future, tally)
    waiting.close()
    tally.seconds = round(time.monotonic() - begun, 3)
    return tally


# --- before asking ----------------------------------------------------------------
def _due(
    workspace: Workspace | None, *, is_forced: bool
) -> Generator[TrackedLink, None, None]:
    """Workspace by workspace, taken on when the first of its links is wanted. What nobody
    got to before the deadline is given back when this is closed."""
    everybody = [workspace] if workspace else Workspace.objects.order_by("pk")
    for one in everybody:
        rest = deque(_claimed(one.pk, is_forced=is_forced))
        try:
            while rest:
                yield rest.popleft()
        finally:
            _give_back(one.pk, rest)


def _claimed(workspace_id: int, *, is_forced: bool) -> list[TrackedLink]:
    now = timezone.now()
    with workspace_transaction(workspace_id):
        links_of_it = TrackedLink.objects.for_workspace(workspace_id)
        retired = RetiredSlug.objects.for_workspace(workspace_id)
        due = links_of_it if is_forced else links_of_it.filter(next_check_at__lte=now)
        found = list(
            due.select_related("channel")
            .prefetch_related(Prefetch("retired_slugs", retired))
            .select_for_update(of=("self",), skip_locked=True)
            .order_by("next_check_at")[:MOST_OF_ONE]
        )
        leased = links_of_it.filter(pk__in=[one.pk for one in found])
        leased.update(next_check_at=now + LEASE)
    for one in found:
        one.next_check_at = now + LEASE
    return found


def _give_back(workspace_id: int, rest: Collection[TrackedLink]) -> None:
    if not rest:
        return
    with workspace_transaction(workspace_id):
        TrackedLink.objects.for_workspace(workspace_id).filter(
            pk__in=[one.pk for one in rest]
        ).update(next_check_at=timezone.now())


# --- asking, in the threads ---------------------------------------------------------
def _examine(link: TrackedLink) -> _Answer:
    failures: list[ChannelLog] = []
    findings = _number(link)
    if not link.is_paused and link.channel.is_active:
        findings += _public_address(link, failures)
    if link.landing_url:
        findings += landing.look(
            link.landing_url,
            # What stands there may be an address of before, which leads here all the same.
            link_urls=[
                links.public_url(link),
                *(links.slug_url(one.slug) for one in link.retired_slugs.all()),
            ],
            workspace_id=link.workspace_id,
            failures=failures,
        )
    return _Answer(findings, failures)


def _number(link: TrackedLink) -> list[Found]:
    found = [told("paused")] if link.is_paused else []
    if not link.channel.is_active:
        return [*found, told("number_off")]
    code = {
        ChannelState.DISCONNECTED.value: "number_disconnected",
        ChannelState.DEGRADED.value: "number_unsteady",
        ChannelState.NEW.value: "number_new",
    }.get(link.channel.state)
    return [*found, told(code)] if code else found


def _public_address(link: TrackedLink, failures: list[ChannelLog]) -> list[Found]:
    client = Client(
        workspace_id=link.workspace_id,
        channel_id=link.channel_id,
        redact_keys={link_marks.HEADER},
        deadline=EXCHANGE,
        failures=failures,
    )
    headers = {
        "User-Agent": BROWSER,
        link_marks.HEADER: link_marks.written(Mark(Purpose.CHECK, link.pk)),
    }
    try:
        answer = client.request(
            "GET", links.public_url(link), operation="check_link", headers=headers
        )
    except ProviderError as error:
        return [link_findings.unreachable(error.code)]
    target = answer.headers.get("location", "")
    if answer.status_code != 302 or not target:
        return [told("no_redirect", status=answer.status_code)]
    return judge_target(target, phone=link.channel.phone)


def judge_target(target: str, *, phone: str) -> list[Found]:
    """Whether an address opens WhatsApp with this number and a token we would find."""
    parts = urlsplit(target)
    place = (parts.scheme, parts.netloc, parts.path.strip("/"))
    if place != ("https", "wa.me", phone.removeprefix("+")):
        shown = f"{parts.scheme}://{parts.netloc}{parts.path}"
        return [told("wrong_target", target=shown[:200])]
    [text] = parse_qs(parts.query).get("text", [""])
    found = tokens.find(text)
    has_token = any(tokens.is_intact(one) for one in found.marked)
    return [] if has_token else [told("token_missing")]


# --- after asking -------------------------------------------------------------------
def _write(link: TrackedLink, future: Future[_Answer], tally: Tally) -> None:
    try:
        answer = future.result()
    except Exception:
        # A bug met by one link is no reason to leave the others unchecked.
        ids = {"link_id": link.pk, "workspace_id": link.workspace_id}
        logger.exception("link check broke", extra=ids)
        answer = _Answer([told("check_failed")], [])
    now = timezone.now()
    state = link_findings.state_of(answer.findings)
    with workspace_transaction(link.workspace_id):
        held = (
            TrackedLink.objects.for_workspace(link.workspace_id)
            .select_for_update(of=("self",))
            .filter(pk=link.pk)
            .first()
        )
        if held is None:  # deleted meanwhile
            return
        has_changed = (held.check_state, held.findings) != (state, answer.findings)
        held.check_state, held.findings = state, answer.findings
        held.checked_at = now
        # Unless it was changed or asked for meanwhile: then it stays due.
        if held.next_check_at == link.next_check_at:
            held.next_check_at, held.check_asked_at = now + EVERY, None
        held.save(
            update_fields=[
                *("check_state", "findings", "checked_at"),
                *("next_check_at", "check_asked_at"),
            ]
        )
        if has_changed:
            LinkCheck.objects.create(
                workspace_id=link.workspace_id,
                link=held,
                at=now,
                state=state,
                findings=answer.findings,
            )
        ChannelLog.objects.bulk_create(answer.failures)
    tally.checked += 1
    tally.changed += has_changed
    tally.states[state.value] += 1
