"""What the server does by itself once an hour: clearing up, and new signing keys in time."""

import logging
import threading
from datetime import datetime, timedelta

from allauth.idp.oidc.models import Token
from django.contrib.sessions.models import Session
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from accounts.central import signing
from accounts.central.models import Family, FamilyToken, Invitation

logger = logging.getLogger(__name__)
FIRST_AFTER_SECONDS = 60.0  # a server that is restarted often clears up too
EVERY_SECONDS = 3600.0
_LOCK = 0x7570_6B70
_KEPT = timedelta(days=30)  # used and expired invitations, for those who ask why


def run(*, now: datetime) -> dict[str, int]:
    """One round, unless another process is at it."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_LOCK])
            if not cursor.fetchone()[0]:
                return {}
        done = {
            "tokens": Token.objects.expired().delete()[0],
            "codes": Family.objects.filter(
                code_spent_at=None, code_expires_at__lte=now
            ).delete()[0],
            "families": Family.objects.filter(expires_at__lte=now).delete()[0],
            "family_tokens": FamilyToken.objects.filter(expires_at__lte=now).delete()[
                0
            ],
            "sessions": Session.objects.filter(expire_date__lte=now).delete()[0],
            "invitations": Invitation.objects.filter(
                expires_at__lte=now - _KEPT
            ).delete()[0],
        }
        if signing.is_due(now=now):
            signing.rotate(now=now)
        done["keys"] = signing.drop_expired(now=now)
    return done


def start() -> threading.Thread:
    """Beside the server, in its process; ends with it."""
    over = threading.Event()  # never: a daemon ends with its process
    thread = threading.Thread(target=keep, args=(over,), name="upkeep", daemon=True)
    thread.start()
    return thread


def keep(over: threading.Event) -> None:
    """One round after another until it is `over`, whatever became of the last one."""
    wait = FIRST_AFTER_SECONDS
    while not over.wait(wait):
        wait = EVERY_SECONDS
        try:
            run(now=timezone.now())
        except DatabaseError as problem:
            logger.warning("the upkeep waits for the database: %s", problem)
        except Exception:
            logger.exception("a round of the upkeep failed; the next one is in an hour")
        finally:
            connection.close()
