"""A session as its page shows it: one face for each way it can stand, and what to say.

Pure: the row, the adapter and the time go in. `views/sessions.py` comes after.
"""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.utils.functional import Promise
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy as _

from integrations import health, qr, waiting, words
from integrations.models import Problem, Session, SessionKind, SessionState
from integrations.providers.base.adapter import Adapter
from integrations.providers.base.capabilities import Capability

Text = str | Promise
_CODE_LASTS: Final = timedelta(
    seconds=60
)  # what a full bar of the count-down stands for
_LONGEST_CODE: Final = (
    1200  # characters; a longer text makes no code that a phone reads
)

_REVIEWED: Final = _(
    "%(provider)s is checking the account. That may take minutes or days: you can close this "
    "page, and the number is connected by itself."
)
# By face: how it is coloured, its heading, and what is going on.
_WORDS: Final[dict[str, tuple[str, Text, Text]]] = {
    "none": (
        "quiet",
        _("Not connected yet"),
        _("Nothing is under way. Begin when the phone of this number is at hand."),
    ),
    "preparing": (
        "info",
        _("One moment"),
        _("The provider is preparing the code. It appears here by itself."),
    ),
    "scan": ("info", _("Scan the code"), ""),
    "type": ("info", _("Type the code on the phone"), ""),
    "open": ("info", _("Open the link"), ""),
    "elsewhere": (
        "info",
        _("Waiting for you"),
        _("The provider waits for somebody to finish there."),
    ),
    "checking": (
        "info",
        _("Checking"),
        _("The provider is setting the number up. This page notices when it is done."),
    ),
    "connected": ("good", _("Connected"), _("The provider says that all is well.")),
    "unsteady": ("warning", _("Unsteady"), ""),
    "lost": ("bad", _("Disconnected"), ""),
    "ended": (
        "quiet",
        _("Disconnected"),
        _("Somebody ended this connection. Conversations stay; nothing new comes in."),
    ),
    "expired": ("warning", _("The time is up"), ""),
    "failed": ("bad", _("It did not work"), ""),
}
_OF_CREDENTIALS: Final = frozenset(
    {
        Problem.KEY_WRONG,
        Problem.PERMISSION_MISSING,
        Problem.NUMBER_WRONG,
        Problem.REFUSED,
        Problem.CREDENTIALS_UNREADABLE,
    }
)
_WAITING: Final = frozenset(
    {"preparing", "scan", "type", "open", "elsewhere", "checking"}
)


@dataclass(frozen=True, slots=True)
class Face:
    """`what` picks the part of the page; `stamp` changes when anything shown does.

    `payload` is what is scanned, `link` what it leads to where a browser may follow.
    """

    what: str
    level: str
    title: Text
    text: Text
    said: str  # the provider's own reason
    stamp: str
    is_polled: bool
    link: str = field(default="", repr=False)
    payload: str = field(default="", repr=False)
    pairing_code: str = field(default="", repr=False)
    can_type: bool = False
    seconds_left: int = 0
    of_seconds: int = 0
    ends_at: datetime | None = None
    is_live: bool = False  # something would be lost by ending it
    may_change: bool = False  # other credentials may help

    @property
    def drawing(self) -> SafeString:
        """The code as a picture. It takes a moment: only a page that is sent pays for it."""
        if not self.payload or len(self.payload) > _LONGEST_CODE:
            return SafeString("")
        return mark_safe(qr.inline(self.payload))  # noqa: S308  # numbers alone

    @property
    def is_waiting(self) -> bool:
        return self.what in _WAITING

    @property
    def is_well(self) -> bool:
        return self.what in {"connected", "unsteady"}


def face_of(
    session: Session | None, adapter: Adapter, *, types: bool, now: datetime
) -> Face:
    """`types` is the wish of the page's reader: a code to type rather than one to scan."""
    if session is None or session.is_unopened:
        what = "none" if session is None or session.is_open else "ended"
        return Face(what, *_WORDS[what], said="", stamp=what, is_polled=False)
    what = _what(session, types=types, now=now)
    level, title, text = _WORDS[what]
    is_reviewed = waiting.is_under_review(session)
    if is_reviewed:
        text = _REVIEWED % {"provider": adapter.label}
    problem = session.problem
    # Somebody who waits in front of a code is told what is wrong beside it.
    is_told = problem and what != "ended"
    may_enter = adapter.may_enter(session.kind)
    shows_code = what in {"scan", "type", "open"}
    left = _left(session, now=now) if shows_code else 0
    return Face(
        what=what,
        level=level,
        title=title,
        text=words.why(problem, provider=adapter.label, may_enter=may_enter)
        if is_told
        else text,
        said=words.reason(session.reason) if what != "ended" else "",
        stamp=_stamp(session, what),
        is_polled=_is_polled(session, what, now=now),
        link=_link(session) if what in {"scan", "open"} else "",
        payload=session.payload if what in {"scan", "open"} else "",
        pairing_code=session.pairing_code if what == "type" else "",
        can_type=Capability.PAIRING_CODE in adapter.capabilities and shows_code,
        seconds_left=left,
        of_seconds=max(left, int(_CODE_LASTS.total_seconds())) if left else 0,
        ends_at=None if is_reviewed else session.expires_at,
        is_live=session.is_open and session.connected_at is not None,
        may_change=may_enter
        and what in {"lost", "failed"}
        and problem in _OF_CREDENTIALS,
    )


def _what(session: Session, *, types: bool, now: datetime) -> str:
    ended = {SessionState.EXPIRED: "expired", SessionState.FAILED: "failed"}
    if not session.is_open:
        return ended.get(SessionState(session.state), "ended")
    if session.state == SessionState.CONNECTED:
        return "connected"
    if session.state == SessionState.DEGRADED:
        return "unsteady"
    if session.payload or session.pairing_code:
        if session.kind == SessionKind.EXTERNAL_LINK:
            return "open"
        return (
            "type"
            if session.pairing_code and (types or not session.payload)
            else "scan"
        )
    if session.state == SessionState.DISCONNECTED:
        return "lost"
    if session.state == SessionState.VERIFYING:
        return "checking"
    return "elsewhere" if session.reason else "preparing"


def _is_polled(session: Session, what: str, *, now: datetime) -> bool:
    """While something may change by itself, or by what somebody does with the phone."""
    if session.is_pending:
        return True
    can_change = what in {"lost", "scan", "type", "open"}
    return can_change and health.is_awaited(session, now=now)


def _left(session: Session, *, now: datetime) -> int:
    """Seconds until this code ends, where the provider says so."""
    ends = session.code_expires_at
    return max(0, int((ends - now).total_seconds())) if ends else 0


def _link(session: Session) -> str:
    """The payload where a browser may follow it: a link's own, or a page of ours."""
    payload = session.payload
    if session.kind == SessionKind.EXTERNAL_LINK:
        return payload if payload.startswith(("https://", "http://")) else ""
    return payload if payload.startswith(f"{settings.PUBLIC_URL}/") else ""


def _stamp(session: Session, what: str) -> str:
    """Of all that the page shows, so that a poll may answer that nothing is new."""
    shown = (
        session.pk,
        what,
        session.problem,
        session.reason,
        session.payload,
        session.pairing_code,
        session.code_expires_at,
    )
    return hashlib.sha256(repr(shown).encode()).hexdigest()[:16]
