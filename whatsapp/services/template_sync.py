"""The lists of templates, asked of every provider that has any: by the clock and on demand.

Celery's beat, `manage.py sync_templates` and the page of the templates come before. One
thread claims and writes; the others do nothing but ask, each within its time and without a
connection to the database, so that a provider that is slow or down delays nobody. Whoever
claims an integration holds its lease: two syncs at once are one. Nothing is written before
the whole list is there: half a list would look like deletions.
"""

import logging
import time
import uuid
from collections import Counter
from collections.abc import Generator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, BinaryIO, Final

from django.db import transaction
from django.utils import timezone

from accounts.models import Workspace
from accounts.scoping import workspace_transaction
from integrations import gateway
from integrations.gateway import CredentialsUnreadable, Line
from integrations.http import Client, Response
from integrations.models import ChannelLog, Integration, IntegrationStatus
from integrations.providers.base.capabilities import Capability
from integrations.providers.base.errors import (
    CredentialsRefused,
    OutcomeUnknown,
    PermissionMissing,
    ProviderError,
    Throttled,
    Unavailable,
    Unreachable,
)
from integrations.providers.base.templates import TemplateReport
from whatsapp import queue
from whatsapp.models import TemplateSync
from whatsapp.services import templates
from whatsapp.services.templates import Taken

EVERY: Final = timedelta(hours=1)
AGAIN: Final = timedelta(minutes=5)  # after trouble that may pass by itself
LEASE: Final = timedelta(minutes=5)
DEADLINE: Final = 200.0  # seconds in which lists are begun
EXCHANGE: Final = 15.0  # seconds for one page
WHOLE: Final = 75.0  # seconds for all pages of one list
THREADS: Final = 8

logger = logging.getLogger("integrations")


@dataclass(slots=True)
class Tally:
    """What a run did, for logs and the command. `problems` are words of `problem_of`."""

    synced: int = 0
    taken: Taken = field(default_factory=Taken)
    problems: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class _Claimed:
    integration: Integration
    token: uuid.UUID
    asked_at: datetime


@dataclass(slots=True)
class _Answer:
    reports: list[TemplateReport] | Exception
    failures: list[ChannelLog]


def has_templates(provider: str) -> bool:
    return Capability.TEMPLATES in gateway.capabilities_of(provider)


def ask_now(
    workspace_id: int, integrations: list[Integration], *, now: datetime
) -> None:
    """Somebody wants the lists now; asked twice they are read once."""
    _ensure_rows(workspace_id, integrations, now=now)
    rows = TemplateSync.objects.for_workspace(workspace_id).filter(
        integration__in=[one.pk for one in integrations]
    )
    rows.filter(asked_at=None).update(asked_at=now)
    rows.update(next_at=now)
    transaction.on_commit(queue.hint_template_sync, robust=True)


def run(
    *,
    workspace: Workspace | None = None,
    is_forced: bool = False,
    deadline: float = DEADLINE,
) -> Tally:
    """Read every list that is due, of one workspace or of all; `is_forced` reads those too
    that are not due."""
    begun = time.monotonic()
    tally = Tally()
    waiting = _due(workspace, is_forced=is_forced)
    under_way: dict[Future[_Answer], _Claimed] = {}
    with ThreadPoolExecutor(THREADS, thread_name_prefix="templates") as pool:
        while True:
            has_time = time.monotonic() - begun < deadline
            while has_time and len(under_way) < THREADS:
                claimed = next(waiting, None)
                if claimed is None:
                    break
                under_way[_begin(pool, claimed)] = claimed
            if not under_way:
                break
            done, _ = wait(under_way, return_when=FIRST_COMPLETED)
            for future in done:
                _write(under_way.pop(future), future.result(), tally)
    waiting.close()
    tally.seconds = round(time.monotonic() - begun, 3)
    return tally


# --- before asking ------------------------------------------------------------------
def _due(
    workspace: Workspace | None, *, is_forced: bool
) -> Generator[_Claimed, None, None]:
    """One after the other, each claimed when it is wanted: nothing is held in vain."""
    everybody = [workspace] if workspace else Workspace.objects.order_by("pk")
    for one in everybody:
        for integration in _list_integrations(one.pk):
            token = uuid.uuid4()
            now = timezone.now()
            if _claim(integration, token, is_forced=is_forced, now=now):
                yield _Claimed(integration, token, timezone.now())


def _list_integrations(workspace_id: int) -> list[Integration]:
    with workspace_transaction(workspace_id):
        found = [
            one
            for one in Integration.objects.for_workspace(workspace_id)
            .exclude(status=IntegrationStatus.PAUSED)
            .order_by("pk")
            if has_templates(one.provider)
        ]
        if found:
            _ensure_rows(workspace_id, found, now=timezone.now())
    return found


def _ensure_rows(
    workspace_id: int, integrations: list[Integration], *, now: datetime
) -> None:
    known = set(
        TemplateSync.objects.for_workspace(workspace_id).values_list(
            "integration_id", flat=True
        )
    )
    TemplateSync.objects.bulk_create(
        [
            TemplateSync(workspace_id=workspace_id, integration=one, next_at=now)
            for one in integrations
            if one.pk not in known
        ],
        ignore_conflicts=True,
    )


def _claim(
    integration: Integration, token: uuid.UUID, *, is_forced: bool, now: datetime
) -> bool:
    with workspace_transaction(integration.workspace_id):
        rows = TemplateSync.objects.for_workspace(integration.workspace_id).filter(
            integration=integration
        )
        if not is_forced:
            rows = rows.filter(next_at__lte=now)
        free = rows.exclude(lease_until__gt=now)
        return bool(free.update(lease_token=token, lease_until=now + LEASE))


# --- asking: the threads ------------------------------------------------------------
class _Hurried:
    """A client with so much time for everything that is asked of it."""

    def __init__(self, client: Client, seconds: float) -> None:
        self._client = client
        self._ends_at = time.monotonic() + seconds

    def request(
        self,
        method: str,
        url: str,
        *,
        operation: str,
        headers: Mapping[str, str] | None = None,
        json: Any = None,
        content: bytes | None = None,
        follow_redirects: bool = False,
        into: BinaryIO | None = None,
        most: int | None = None,
    ) -> Response:
        if time.monotonic() > self._ends_at:
            raise Unreachable("too_slow", "the list took too long")
        return self._client.request(
            method,
            url,
            operation=operation,
            headers=headers,
            json=json,
            content=content,
            follow_redirects=follow_redirects,
            into=into,
            most=most,
        )


def _begin(pool: ThreadPoolExecutor, claimed: _Claimed) -> "Future[_Answer]":
    """The credentials are opened here, right before they are needed."""
    failures: list[ChannelLog] = []
    try:
        line = gateway.open_line(
            claimed.integration, deadline=EXCHANGE, failures=failures
        )
    except CredentialsUnreadable as error:
        known: Future[_Answer] = Future()
        known.set_result(_Answer(error, failures))
        return known
    return pool.submit(_ask, line, failures)


def _ask(line: Line, failures: list[ChannelLog]) -> _Answer:
    try:
        reports = line.adapter.list_templates(
            line.credentials, _Hurried(line.http, WHOLE)
        )
    except ProviderError as error:
        return _Answer(error, failures)
    except Exception as error:
        logger.exception("list of templates not read")
        return _Answer(error, failures)
    return _Answer(reports, failures)


# --- writing down -------------------------------------------------------------------
def _write(claimed: _Claimed, answer: _Answer, tally: Tally) -> None:
    workspace_id = claimed.integration.workspace_id
    now = timezone.now()
    with workspace_transaction(workspace_id):
        ChannelLog.objects.bulk_create(answer.failures)
        row = (
            TemplateSync.objects.for_workspace(workspace_id)
            .filter(integration=claimed.integration, lease_token=claimed.token)
            .select_for_update()
            .first()
        )
        if row is None:  # removed meanwhile, or the lease ran out: somebody else asks
            return
        if isinstance(answer.reports, Exception):
            row.problem, row.detail, wait_for = problem_of(answer.reports)
            tally.problems[row.problem] += 1
        else:
            taken = templates.take_list(
                workspace_id,
                claimed.integration.pk,
                answer.reports,
                asked_at=claimed.asked_at,
                now=now,
            )
            row.problem, row.detail, wait_for = "", "", EVERY
            row.synced_at, row.found = claimed.asked_at, taken.found
            _add(tally, taken)
        _settle(row, claimed, now=now, wait_for=wait_for)


def _settle(
    row: TemplateSync, claimed: _Claimed, *, now: datetime, wait_for: timedelta
) -> None:
    """Give the row back. Who has asked since this began is served by the next run."""
    is_again = claimed.asked_at < row.next_at <= now
    row.tried_at = claimed.asked_at
    row.lease_token, row.lease_until = None, None
    if is_again:
        transaction.on_commit(queue.hint_template_sync, robust=True)
    else:
        row.next_at = now + wait_for
        row.asked_at = None
    row.save()


def _add(tally: Tally, taken: Taken) -> None:
    tally.synced += 1
    tally.taken.found += taken.found
    tally.taken.new += taken.new
    tally.taken.changed += taken.changed
    tally.taken.gone += taken.gone


def problem_of(error: Exception) -> tuple[str, str, timedelta]:
    """The word for what went wrong, what the provider said, and when to ask again."""
    detail = (
        (error.detail or error.code)[:300] if isinstance(error, ProviderError) else ""
    )
    for kind, word, wait_for in _PROBLEMS:
        if isinstance(error, kind):
            return word, detail, wait_for
    return "broken", detail, EVERY


# The first that fits; `template_words` has the sentences.
_PROBLEMS: Final[tuple[tuple[type[Exception], str, timedelta], ...]] = (
    (CredentialsUnreadable, "credentials", EVERY),
    (PermissionMissing, "permission", EVERY),
    (CredentialsRefused, "key", EVERY),
    (Throttled, "busy", AGAIN),
    (Unreachable, "unreachable", AGAIN),
    (Unavailable, "unavailable", AGAIN),
    (OutcomeUnknown, "unreadable", AGAIN),
    (ProviderError, "refused", EVERY),
)
