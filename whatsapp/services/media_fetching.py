"""Received files, from their providers into our storage; nothing of it in a transaction.

claim → announce → fetch → sniff → preview → save → record. One thread claims and writes
down, the others do nothing but fetch and save, without a connection to the database. Any
number of drains may run at once: a row belongs to whoever holds its lease.
"""

import logging
import tempfile
import time
import uuid
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import IO, Final

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts import bulk
from accounts.scoping import workspace_transaction
from integrations import gateway
from integrations.gateway import CredentialsUnreadable, Line
from integrations.models import ChannelLog
from integrations.providers.base.errors import ProviderError
from integrations.providers.base.types import MediaRef, MessageKind
from whatsapp.models import MediaAsset
from whatsapp.services import file_store, media_results, previews
from whatsapp.services.examining import Examined, examine
from whatsapp.services.media_results import DEADLY, EMPTY, TOO_LARGE, Outcome

THREADS: Final = 6
# Of files under way at once in a drain: some providers tell a whole file within JSON.
MOST_BYTES: Final = 128 * 1024 * 1024
# Workers that a file took with it: then it is not drawn any more, and then left alone.
SUSPECT_AFTER: Final = 2
DEADLY_AFTER: Final = 5
_USUAL: Final = 4 * 1024 * 1024  # of a file of which nobody told how long it is

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Tally:
    """What a drain did, for logs and commands."""

    endings: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class _Job:
    """A file that is ours to fetch until the lease ends."""

    asset: MediaAsset
    lease_token: uuid.UUID
    line: Line | None
    most: int
    failures: list[ChannelLog]

    @property
    def key(self) -> str:
        """Of the file; another attempt has another one, so that none is written twice."""
        if self.asset.storage_key:
            return self.asset.storage_key  # sent by us: it lacks no more than a picture
        return self._own("file")

    @property
    def preview_key(self) -> str:
        return self._own("preview")

    def _own(self, what: str) -> str:
        place = file_store.place_of(self.asset.workspace_id, self.asset.key)
        return f"{place}/{self.lease_token.hex[:12]}-{what}"

    @property
    def announced(self) -> list[str]:
        """What may be written by this attempt."""
        return [
            key for key in (self.key, self.preview_key) if key != self.asset.storage_key
        ]

    @property
    def weight(self) -> int:
        return min(self.asset.size or _USUAL, self.most)


def has_due() -> bool:
    [(told,)] = bulk.run("SELECT whatsapp_media_has_due()")
    return bool(told)


def drain(*, budget_seconds: float) -> Tally:
    """Fetch what is due until nothing is left; begin nothing once the time is up."""
    return _Drain(budget_seconds).run()


class _Drain:
    """One worker at work. Only `_fetch` runs in the threads."""

    def __init__(self, budget_seconds: float) -> None:
        self.tally = Tally()
        self.begun = time.monotonic()
        self.until = self.begun + budget_seconds
        self.waiting: list[_Job] = []
        self.after_workspace = 0
        self.under_way: dict[Future[Outcome], _Job] = {}

    def run(self) -> Tally:
        with gateway.asking_threads(THREADS, name="fetch") as pool:
            while self._has_work():
                self._hand_out(pool)
                done, _ = wait(self.under_way, return_when=FIRST_COMPLETED)
                for one in done:
                    self._record(self.under_way.pop(one), one.result())
        self.tally.seconds = round(time.monotonic() - self.begun, 3)
        return self.tally

    def _has_work(self) -> bool:
        is_early = time.monotonic() < self.until
        if is_early and not self.waiting and len(self.under_way) < THREADS:
            self.waiting = _claim(THREADS - len(self.under_way), self.after_workspace)
            if self.waiting:
                self.after_workspace = self.waiting[-1].asset.workspace_id
        return bool(self.waiting or self.under_way)

    def _hand_out(self, pool: ThreadPoolExecutor) -> None:
        """As many as fit at once; a file that is larger than all that goes alone."""
        while self.waiting:
            weight = sum(job.weight for job in self.under_way.values())
            if self.under_way and weight + self.waiting[0].weight > MOST_BYTES:
                break
            job = self.waiting.pop(0)
            self.under_way[pool.submit(_fetch, job)] = job

    def _record(self, job: _Job, outcome: Outcome) -> None:
        asset = job.asset
        ending = media_results.record(
            asset, job.lease_token, outcome, announced=job.announced
        )
        self.tally.endings[ending] += 1
        facts = {"media_id": asset.pk, "ending": ending, "code": outcome.code}
        logger.info("file fetched", extra=facts)
        if job.failures:
            with workspace_transaction(asset.workspace_id):
                ChannelLog.objects.bulk_create(job.failures)


def _claim(most: int, after_workspace: int = 0) -> list[_Job]:
    """Take what is due: of each workspace in turn, beginning after that one."""
    token = uuid.uuid4()
    with transaction.atomic():
        rows = bulk.run(
            "SELECT asset_id, asset_workspace_id"
            " FROM whatsapp_media_claim(%s::integer, %s::bigint, %s::uuid, %s::integer)",
            [most, after_workspace, token, settings.MEDIA_LEASE_SECONDS],
        )
    by_workspace: dict[int, list[int]] = {}
    for id_, workspace_id in rows:
        by_workspace.setdefault(workspace_id, []).append(id_)
    return [
        job
        for workspace_id, ids in by_workspace.items()
        for job in _jobs(workspace_id, ids, token)
    ]


def _jobs(workspace_id: int, ids: Sequence[int], token: uuid.UUID) -> list[_Job]:
    with workspace_transaction(workspace_id):
        assets = list(
            MediaAsset.objects.for_workspace(workspace_id)
            .filter(pk__in=ids, lease_token=token)
            .select_related("message__channel__integration")
            .order_by("pk")
        )
    jobs = [_job(asset, token) for asset in assets]
    now = timezone.now()
    with transaction.atomic():
        file_store.announce([key for job in jobs for key in job.announced], now=now)
    return jobs


def _job(asset: MediaAsset, token: uuid.UUID) -> _Job:
    channel = asset.message.channel
    failures: list[ChannelLog] = []
    line = None
    if channel.integration is not None:
        try:
            line = gateway.open_line(
                channel.integration,
                channel_id=channel.pk,
                deadline=min(
                    settings.MEDIA_FETCH_SECONDS, settings.MEDIA_LEASE_SECONDS / 3
                ),
                failures=failures,
            )
        except (CredentialsUnreadable, LookupError):
            logger.exception("number not open", extra={"channel_id": channel.pk})
    return _Job(asset, token, line, limit_of(asset.kind), failures)


def limit_of(kind: str) -> int:
    """Bytes that we keep of a received file of this kind."""
    limits = settings.MEDIA_LIMITS
    return int(limits.get(kind, limits[MessageKind.DOCUMENT.value]))


def _fetch(job: _Job) -> Outcome:
    """Whatever happens is an outcome: the row must hear of it."""
    asset = job.asset
    if asset.silences >= DEADLY_AFTER:
        return Outcome.of_code(DEADLY)
    try:
        if asset.storage_key:
            with file_store.open_(asset.storage_key) as content:
                return _keep(job, content)
        if job.line is None:
            is_ours = asset.message.channel.integration is not None
            return Outcome.of_code("credentials" if is_ours else "number_gone")
        if asset.size and asset.size > job.most:
            return Outcome.of_code(TOO_LARGE)
        with tempfile.TemporaryFile(dir=settings.FILE_UPLOAD_TEMP_DIR) as content:
            line = job.line
            line.adapter.fetch_media(
                _ref(asset), line.credentials, line.http, into=content, most=job.most
            )
            return _keep(job, content)
    except ProviderError as error:
        return Outcome.of_error(error)
    except file_store.StoreFailed as error:
        facts = {"media_id": asset.pk, "error": str(error)}
        logger.warning("file not stored", extra=facts)
        return Outcome.of_code("storage_failed")
    except Exception:
        logger.exception("fetching broke", extra={"media_id": asset.pk})
        return Outcome.of_code("fault")


def _ref(asset: MediaAsset) -> MediaRef:
    return MediaRef(
        kind=MessageKind(asset.kind),
        external_id=asset.external_id or None,
        url=asset.url or None,
        mime_type=asset.mime_told or None,
        size=asset.size,
        filename=asset.filename or None,
    )


def _keep(job: _Job, content: IO[bytes]) -> Outcome:
    asset = job.asset
    found = examine(content, told=asset.mime_told)
    if found is None:
        return Outcome.of_code(EMPTY)
    preview = None
    is_drawn = asset.kind in {MessageKind.IMAGE, MessageKind.STICKER}
    if is_drawn and asset.silences < SUSPECT_AFTER:
        preview = _save_preview(content, found, key=job.preview_key)
    if not asset.storage_key:
        file_store.save(job.key, content)
    return Outcome(
        stored=found,
        key=job.key,
        preview=preview,
        preview_key=job.preview_key if preview else "",
    )


def _save_preview(
    content: IO[bytes], found: Examined, *, key: str
) -> previews.Preview | None:
    """Make and keep a picture of it; None where that cannot be done."""
    with tempfile.TemporaryFile(dir=settings.FILE_UPLOAD_TEMP_DIR) as picture:
        try:
            preview = previews.make(content, found.mime, picture)
        except previews.NoPreview:
            return None
        file_store.save(key, picture)
        return preview
