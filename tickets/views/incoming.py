"""`POST /webhooks/ticket-events`: what another system tells of tickets, signed.

Nothing is read before the length is known to be bearable, nothing is believed before the
signature holds, and 200 is said after the commit. Errors are for the one who set the other
system up, in English: `{"error": …}` and what else helps.
"""

import logging
import uuid
from functools import partial
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from accounts import limits
from accounts.http import client_ip, neighbourhood
from accounts.scoping import workspace_transaction
from integrations import signing
from integrations.signing import NotProven, Proof, Stale
from tickets import event_bodies
from tickets.event_bodies import Invalid, NotJson, UnknownKind
from tickets.models import IncomingSource
from tickets.selectors import event_sources
from tickets.selectors.event_sources import Ambiguous
from tickets.services import incoming, signing_secrets
from tickets.services.incoming import Outcome, Unacceptable
from whatsapp.selectors import own_numbers

logger = logging.getLogger("integrations")

_STALE = {
    "old": "Timestamp is too old",
    "future": "Timestamp is in the future",
}
_UNKNOWN = {
    "unknown_client": ("Unknown client", "client_id"),
    "unknown_ticket": ("Unknown ticket", "ticket_id"),
    "unknown_assignee": ("Unknown assignee", "assignee"),
}


class Refusal(Exception):
    """An answer other than 200."""

    def __init__(
        self, status: int, error: str, *, retry_after: int = 0, **told: Any
    ) -> None:
        super().__init__(error)
        self.status = status
        self.body = {"error": error, **told}
        self.retry_after = retry_after


@csrf_exempt
@login_not_required
@never_cache
@require_POST
def plain(request: HttpRequest) -> HttpResponse:
    """The source is named by a header, or is the only one."""
    return _answered(request, request.headers.get("X-Recado-Source", "").strip())


@csrf_exempt
@login_not_required
@never_cache
@require_POST
def keyed(request: HttpRequest, key: str) -> HttpResponse:
    return _answered(request, key)


def _answered(request: HttpRequest, key: str) -> HttpResponse:
    try:
        body = _take(request, key)
    except Refusal as refusal:
        response = JsonResponse(refusal.body, status=refusal.status)
        if refusal.retry_after:
            response.headers["Retry-After"] = str(refusal.retry_after)
        return response
    except (OperationalError, InterfaceError, signing.Unreadable):
        logger.exception("ticket event not taken")
        response = JsonResponse({"error": "Try again"}, status=503)
        response.headers["Retry-After"] = "15"
        return response
    return JsonResponse(body)


def _take(request: HttpRequest, key: str) -> dict[str, Any]:
    """What a success says. Raises Refusal."""
    _check_length(request)
    source = _source(key)
    body = _body(request)
    now = timezone.now()
    stranger = f"{source.pk} {neighbourhood(request)}"
    wait = limits.remembered_wait("ticket_event_refused", stranger, now=now)
    if wait:
        raise _too_many(wait)
    try:
        proof = _prove(request, source, body)
    except (NotProven, Stale) as problem:
        verdict = limits.hit("ticket_event_refused", stranger, now=now)
        if not verdict.allowed:
            raise _too_many(verdict.retry_after_seconds) from None
        why = problem.word if isinstance(problem, Stale) else _why(request)
        incoming.note_unproven(source, why=why, now=now)
        facts = {"source_id": source.pk, "reason": why}
        logger.warning("ticket event refused", extra=facts)
        if isinstance(problem, Stale):
            raise Refusal(403, _STALE[problem.word]) from None
        raise Refusal(403, "Invalid signature") from None
    verdict = limits.hit("ticket_event", str(source.pk), now=now)
    if not verdict.allowed:
        raise _too_many(verdict.retry_after_seconds)
    return _work(request, source, proof, body)


def _work(
    request: HttpRequest, source: IncomingSource, proof: Proof, body: bytes
) -> dict[str, Any]:
    now = timezone.now()
    told_id, kind = "", ""
    read_phone = partial(own_numbers.read_phone, source.workspace)

    def note(reason: str, field: str = "") -> None:
        names = {"told_id": told_id, "kind": kind}
        incoming.note_refused(source, **names, reason=reason, field=field, now=now)

    try:
        told = event_bodies.read_json(body)
        told_id, kind = event_bodies.name_of(told, event_id=proof.event_id)
        event = event_bodies.read(told, event_id=proof.event_id, read_phone=read_phone)
        outcome = incoming.receive(source, event, now=now, ip=client_ip(request))
    except NotJson:
        note("not_json")
        raise Refusal(400, "The body is not a JSON object") from None
    except Invalid as wrong:
        is_kind = isinstance(wrong, UnknownKind)
        note("unknown_type" if is_kind else "invalid", wrong.field)
        error = "Unknown event type" if is_kind else "Invalid event"
        raise Refusal(422, error, field=wrong.field, detail=wrong.why) from None
    except Unacceptable as refused:
        error, name = _UNKNOWN[refused.reason]
        status = 422 if refused.reason == "unknown_assignee" else 404
        name = "ticket_number" if isinstance(refused.value, int) else name
        what: dict[str, Any] = {"field": refused.field, name: refused.value}
        raise Refusal(status, error, **what) from None
    facts = {"source_id": source.pk, "verdict": str(outcome.verdict)}
    logger.info("ticket event received", extra=facts)
    return _success(outcome)


def _success(outcome: Outcome) -> dict[str, Any]:
    told: dict[str, Any] = {"success": True}
    if outcome.ticket_number is not None:
        told["ticket_number"] = outcome.ticket_number
    if outcome.is_repeat:
        told["repeated"] = True
    elif outcome.verdict != "applied":
        told["result"] = str(outcome.verdict)
    return told


# --- the steps ----------------------------------------------------------------------
def _check_length(request: HttpRequest) -> None:
    if request.headers.get("Content-Encoding", "identity") not in ("", "identity"):
        raise Refusal(415, "Content-Encoding is not supported")
    length = request.headers.get("Content-Length", "") or "0"
    if not (length.isascii() and length.isdigit()):
        raise Refusal(400, "Content-Length is no number")
    if len(length) > 12 or int(length) > event_bodies.LARGEST:
        raise _too_large()


def _body(request: HttpRequest) -> bytes:
    """Also where no length was told."""
    body: bytes = request.read(event_bodies.LARGEST + 1)
    if len(body) > event_bodies.LARGEST:
        raise _too_large()
    return body


def _source(key: str) -> IncomingSource:
    """Where nobody is named and there is nobody, no signature can be right."""
    try:
        found = event_sources.find_by_key(uuid.UUID(key) if key else None)
    except ValueError:
        found = None
    except Ambiguous:
        raise Refusal(
            400,
            "Name the source",
            detail="Post to /webhooks/ticket-events/<key>/ or send X-Recado-Source.",
        ) from None
    if found is None:
        raise (
            Refusal(404, "Unknown source") if key else Refusal(403, "Invalid signature")
        )
    return found


def _prove(request: HttpRequest, source: IncomingSource, body: bytes) -> Proof:
    now = timezone.now()
    with workspace_transaction(source.workspace_id):
        secrets = signing_secrets.opened(source, now=now)
    headers = {name.lower(): value for name, value in request.headers.items()}
    return signing.prove(headers, body, secrets, now=now)


def _why(request: HttpRequest) -> str:
    names = ("Webhook-Signature", "X-Signature")
    return "wrong" if any(name in request.headers for name in names) else "missing"


def _too_large() -> Refusal:
    most = event_bodies.LARGEST // 1024
    return Refusal(413, "The body is too large", detail=f"{most} KB at most.")


def _too_many(wait: int) -> Refusal:
    return Refusal(429, "Too many requests", retry_after=wait)
