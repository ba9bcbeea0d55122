"""What closed browsers leave behind: sessions nobody comes back to, their tokens, stale rows.

A session that is used runs into its limits by itself (`middleware`); this is for the others.
"""

from datetime import datetime

from django.contrib.sessions.models import Session
from django.db import connection, transaction
from django.db.models import QuerySet

from accounts.models import BrowserSession, SessionEnd
from accounts.sso import farewell, grants, sessions

# Few at a time, since all of a batch have the time of one exchange with the server.
BATCH = 10
MOST_BATCHES = 200
ROWS = 2000
MOST_ROW_BATCHES = 50
_DROP_CACHED = """
DELETE FROM django_cache WHERE cache_key IN (
  SELECT cache_key FROM django_cache WHERE expires < %s LIMIT %s
)
"""


def run(*, now: datetime) -> dict[str, int]:
    """One round: how many of each were ended or deleted. What is left waits for the next."""
    return {
        "ended": sum(
            _end_all(over, why, now=now) for why, over in sessions.list_over(now=now)
        ),
        "grants": grants.drop_unbound(now=now),
        "browsers": _drop_browsers(now),
        "cached": _drop_cached(now),
    }


def _end_all(
    over: "QuerySet[BrowserSession]", why: SessionEnd, *, now: datetime
) -> int:
    ended = 0
    for _ in range(MOST_BATCHES):
        batch = BrowserSession.objects.filter(
            pk__in=list(over.order_by("pk").values_list("pk", flat=True)[:BATCH])
        )
        with transaction.atomic():
            gone = sessions.held_grants(batch)
            done = sessions.end(batch, why, now=now)
        ended += done
        # While the server is away the others keep their tokens, to be given back later.
        if not farewell.tell(None, gone, now=now) or done < BATCH:
            break
    return ended


def _drop_browsers(now: datetime) -> int:
    """Django's own rows, one for whoever ever began to sign in; it never deletes them."""
    total = 0
    for _ in range(MOST_ROW_BATCHES):
        old = Session.objects.filter(expire_date__lt=now).order_by("expire_date")
        keys = list(old.values_list("pk", flat=True)[:ROWS])
        total += Session.objects.filter(pk__in=keys).delete()[0]
        if len(keys) < ROWS:
            break
    return total


def _drop_cached(now: datetime) -> int:
    """The cache counts its rows whenever it writes one, and drops none before it is full."""
    total = 0
    with connection.cursor() as cursor:
        for _ in range(MOST_ROW_BATCHES):
            cursor.execute(_DROP_CACHED, [now, ROWS])
            total += cursor.rowcount
            if cursor.rowcount < ROWS:
                break
    return total
