"""How often one may try: counted in PostgreSQL, so that no flushed cache forgets.

Room 0. `hit()` counts a try and says whether it may go on; RATE_LIMITS in the settings says
how many are allowed in which time, `manage.py doctor` shows them.

A window opens with the first try and is fixed: that many tries until it ends. Where tries
are guesses at a secret, one too many starts a lock-out as long as the window, and each
further one within a day is twice as long as the last, up to a day. Tries while locked out
change nothing. One statement counts and decides, so tries at the same moment stand in line.

Busy limits (`SLICED`) are taken from the database in slices: a process reserves a twentieth
of what is left to one subject and spends it in memory. All processes together never allow
more than the limit; what a process has reserved and not spent is lost with the window.

Call it outside of transactions: a rolled back one would forget the try. Only where what is
limited is what the transaction does (an invitation), it may count inside.
"""

import hmac
import math
import secrets
import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection

# Guesses at a secret: what is too much is locked out, longer each time.
ESCALATING = frozenset(
    {
        "sign_in_address",
        "sign_in_account",
        "sso_account",
        "second_factor",
        "invitation_address",
    }
)
SLICED = frozenset(
    {
        *("api_token", "api_address", "oauth_client", "oauth_address"),
        *("link_click", "ticket_event"),
    }
)
LONGEST_LOCK_OUT = timedelta(days=1)
STRIKES_LAST = timedelta(days=1)
# A refusal is remembered in the process, so that a flood of tries costs no statements.
REMEMBERED = timedelta(seconds=5)
_MOST_REMEMBERED = 20_000
_PRUNE_EVERY = 200
_SLICES = 20

# In: the row as it was (c). Out: the row as it will be.
_COUNT = """
INSERT INTO accounts_ratecounter AS c
    (digest, scope, count, window_ends_at, strikes, locked_until, forget_at)
VALUES (%(digest)s, %(scope)s, %(cost)s, %(window_ends_at)s::timestamptz, 0, NULL,
        %(window_ends_at)s::timestamptz + %(strikes_last)s::interval)
ON CONFLICT (digest) DO UPDATE
SET (count, window_ends_at, strikes, locked_until, forget_at) = (
    SELECT tally.count, tally.window_ends_at,
           tally.strikes + tally.is_strike::int,
           locked.until,
           greatest(tally.window_ends_at, locked.until) + %(strikes_last)s::interval
    FROM (
        SELECT state.*,
               %(escalates)s AND NOT state.is_locked AND state.count > %(limit)s
                   AS is_strike
        FROM (
            SELECT was.is_locked,
                   CASE WHEN was.is_locked THEN c.count
                        WHEN was.is_over THEN %(cost)s
                        ELSE c.count + %(cost)s END AS count,
                   CASE WHEN was.is_over THEN %(window_ends_at)s::timestamptz
                        ELSE c.window_ends_at END AS window_ends_at,
                   CASE WHEN c.forget_at <= %(now)s::timestamptz THEN 0 ELSE c.strikes END AS strikes
            FROM (
                SELECT coalesce(c.locked_until > %(now)s::timestamptz, false) AS is_locked,
                       coalesce(c.locked_until, c.window_ends_at) <= %(now)s::timestamptz AS is_over
            ) AS was
        ) AS state
    ) AS tally,
    LATERAL (
        SELECT CASE
            WHEN tally.is_strike THEN %(now)s::timestamptz
                + least((%(window_ends_at)s::timestamptz - %(now)s::timestamptz) * power(2, least(tally.strikes, 20)), %(longest)s::interval)
            WHEN tally.is_locked THEN c.locked_until
        END AS until
    ) AS locked
)
RETURNING count, window_ends_at, locked_until
"""
_PRUNE = """
DELETE FROM accounts_ratecounter WHERE digest IN (
    SELECT digest FROM accounts_ratecounter WHERE forget_at < %s
    LIMIT 1000 FOR UPDATE SKIP LOCKED
)
"""


@dataclass(frozen=True, slots=True)
class Verdict:
    """`retry_after_seconds` is 0 where the try is allowed.

    `is_news` is a refusal that the process did not know: one in seconds of a flood, for
    whoever puts refusals on record.
    """

    allowed: bool
    retry_after_seconds: int = 0
    is_news: bool = field(default=False, compare=False)


ALLOWED = Verdict(allowed=True)


class LimitReached(Exception):
    """Too many tries. `accounts.middleware` answers 429 for whoever lets it pass."""

    def __init__(self, scope: str, verdict: Verdict) -> None:
        super().__init__(scope)
        self.scope = scope
        self.retry_after_seconds = verdict.retry_after_seconds
        self.is_news = verdict.is_news


def hit(scope: str, subject: str, *, now: datetime) -> Verdict:
    """Count one try of `subject` (an account, an address …) under a limit of RATE_LIMITS."""
    limit = settings.RATE_LIMITS[scope]
    if limit is None:
        return ALLOWED
    digest = _digest(scope, subject)
    if scope in SLICED:
        return _spend(scope, digest, limit, now=now)
    remembered = _refusals.find(digest, now=now)
    if remembered is not None:
        return _refused(remembered, now=now)
    count, window_ends_at, locked_until = _count(scope, digest, limit, 1, now=now)
    if locked_until is None and count <= limit[0]:
        return ALLOWED
    until = locked_until or window_ends_at
    _refusals.keep(digest, until, until=min(until, now + REMEMBERED))
    return _refused(until, now=now, is_news=True)


def demand(scope: str, subject: str, *, now: datetime) -> None:
    """As `hit`, with LimitReached for what is not allowed."""
    verdict = hit(scope, subject, now=now)
    if not verdict.allowed:
        raise LimitReached(scope, verdict)


def remembered_wait(scope: str, subject: str, *, now: datetime) -> int:
    """Seconds for which this process knows the subject to be refused; 0 if it knows none.

    Counts nothing and asks nobody: for work to be spared before it is known to be a try.
    """
    until = _refusals.find(_digest(scope, subject), now=now)
    return _refused(until, now=now).retry_after_seconds if until is not None else 0


def forgive(scope: str, subject: str) -> None:
    """Somebody proved who they are: their earlier failures no longer count.

    The strikes stay, and so does a lock-out: whoever is locked out proves nothing.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE accounts_ratecounter SET count = 0"
            " WHERE digest = %s AND locked_until IS NULL",
            [_digest(scope, subject)],
        )


def uncount(scope: str, subject: str) -> None:
    """The try that was counted was no guess: the others still count."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE accounts_ratecounter SET count = greatest(count - 1, 0)"
            " WHERE digest = %s AND locked_until IS NULL",
            [_digest(scope, subject)],
        )


def forget_this_process() -> None:
    """What a restart does: only the database's word is left."""
    _slices.clear()
    _refusals.clear()


# --- counting -----------------------------------------------------------------
def _digest(scope: str, subject: str) -> bytes:
    key = b"recado limits 1\0" + settings.SECRET_KEY.encode()
    return hmac.digest(key, f"{scope}\0{subject}".encode("utf-8", "replace"), "sha256")


def _count(
    scope: str, digest: bytes, limit: tuple[int, int], cost: int, *, now: datetime
) -> tuple[int, datetime, datetime | None]:
    longest = max(LONGEST_LOCK_OUT, timedelta(seconds=limit[1]))
    with connection.cursor() as cursor:
        cursor.execute(
            _COUNT,
            {
                "digest": digest,
                "scope": scope,
                "cost": cost,
                "limit": limit[0],
                "window_ends_at": now + timedelta(seconds=limit[1]),
                "escalates": scope in ESCALATING,
                "longest": f"{longest.total_seconds()} s",
                "strikes_last": f"{STRIKES_LAST.total_seconds()} s",
                "now": now,
            },
        )
        row: tuple[int, datetime, datetime | None] = cursor.fetchone()
        if secrets.randbelow(_PRUNE_EVERY) == 0:
            cursor.execute(_PRUNE, [now])
    return row


def _refused(until: datetime, *, now: datetime, is_news: bool = False) -> Verdict:
    wait = max(1, math.ceil((until - now).total_seconds()))
    return Verdict(allowed=False, retry_after_seconds=wait, is_news=is_news)


# --- this process's share -----------------------------------------------------
class _Shelf:
    """Values with an end, for the newest subjects; safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[bytes, tuple[datetime, datetime]] = OrderedDict()

    def find(self, digest: bytes, *, now: datetime) -> datetime | None:
        kept = self._kept.get(digest)
        return kept[0] if kept is not None and now < kept[1] else None

    def keep(self, digest: bytes, value: datetime, *, until: datetime) -> None:
        with self._lock:
            self._kept[digest] = (value, until)
            self._kept.move_to_end(digest)
            while len(self._kept) > _MOST_REMEMBERED:
                self._kept.popitem(last=False)

    def clear(self) -> None:
        with self._lock:
            self._kept.clear()


class _Slices:
    """What this process has reserved: (tries left, when they lapse), by subject."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[bytes, tuple[int, datetime]] = OrderedDict()

    def take(self, digest: bytes, *, now: datetime) -> bool:
        with self._lock:
            left, ends_at = self._kept.get(digest, (0, now))
            if left < 1 or ends_at <= now:
                return False
            self._kept[digest] = (left - 1, ends_at)
            return True

    def add(self, digest: bytes, count: int, ends_at: datetime) -> None:
        """What is left of the same window adds up; of an earlier one it is gone."""
        with self._lock:
            left, earlier = self._kept.pop(digest, (0, ends_at))
            self._kept[digest] = (
                count + left if earlier == ends_at else count,
                ends_at,
            )
            while len(self._kept) > _MOST_REMEMBERED:
                self._kept.popitem(last=False)

    def clear(self) -> None:
        with self._lock:
            self._kept.clear()


_refusals = _Shelf()
_slices = _Slices()


def _spend(
    scope: str, digest: bytes, limit: tuple[int, int], *, now: datetime
) -> Verdict:
    if _slices.take(digest, now=now):
        return ALLOWED
    refused_until = _refusals.find(digest, now=now)
    if refused_until is not None:
        return _refused(refused_until, now=now)
    cost = max(1, limit[0] // _SLICES)
    count, window_ends_at, _ = _count(scope, digest, limit, cost, now=now)
    granted = min(cost, limit[0] - (count - cost))
    if granted < 1:
        # The window does not move any more, so this is known until it ends.
        _refusals.keep(digest, window_ends_at, until=window_ends_at)
        return _refused(window_ends_at, now=now, is_news=True)
    _slices.add(digest, granted - 1, window_ends_at)
    return ALLOWED
