"""What every page says of numbers that are down: one alert for each outage, until it ends.

A page asks for `of(request)` once; when an outage begins or ends, open pages ask again. Whoever
puts one aside does so for this session and this outage: the next one, or the same number down
again, is shown anew.
"""

import hashlib
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast
from urllib.parse import urlsplit

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods
from django.views.decorators.vary import vary_on_headers

from accounts.http import WorkspaceRequest, came_from, requires
from accounts.permissions import Action
from accounts.scoping import inside
from integrations import links
from integrations.models import Channel, Episode, Problem, SessionState
from integrations.selectors import episodes
from integrations.selectors.number import Standing

_PUT_ASIDE = "alerts_put_aside_{}"  # in the session, of each workspace
_CACHED = "_alerts_of_request"
_MOST_SHOWN = 50  # whose ends an open page hears of


@dataclass(frozen=True, slots=True)
class Alert:
    """One number that is down. `mark` names the outage, and how often it came back."""

    mark: str
    channel: Channel
    standing: Standing
    since: datetime
    url: str


@dataclass(frozen=True, slots=True)
class Ended:
    """One that was shown and is over."""

    channel: Channel
    lasted: timedelta
    is_recovered: bool
    url: str


def of(request: HttpRequest) -> list[Alert]:
    """What a page shows: outages of the workspace that the reader has not put aside.

    Nothing for a part of a page, which stands in one that shows them; and the page of a
    number says itself how that number is.
    """
    if getattr(request, "membership", None) is None or getattr(request, "htmx", None):
        return []
    found: list[Alert] | None = getattr(request, _CACHED, None)
    if found is None:
        found = _shown(cast("WorkspaceRequest", request), here=request.path)
        setattr(request, _CACHED, found)
    return found


def _shown(request: WorkspaceRequest, *, here: str) -> list[Alert]:
    aside = request.session.get(_PUT_ASIDE.format(request.workspace.pk), [])
    return [
        alert
        for alert in _open(request)
        if alert.mark not in aside and alert.url != here
    ]


@require_http_methods(["GET", "HEAD", "POST"])
@vary_on_headers("HX-Request")
@requires(Action.READ)
def alerts(request: WorkspaceRequest) -> HttpResponse:
    if request.method == "POST":
        return _put_aside(request)
    if not request.htmx:
        setattr(request, _CACHED, [])  # none on top of the page that has them all
        every = {"every": _open(request)}
        return render(request, "integrations/alerts.html", every)
    shown = request.GET.get("shown", "")
    here = urlsplit(request.htmx.current_url or "").path
    if here == request.path:
        return HttpResponse(status=204)
    now = _shown(request, here=here)
    if shown_of(now) == shown:
        return HttpResponse(status=204)  # nothing is said twice
    ended = _ended(request, shown.split(",")[1 : _MOST_SHOWN + 1])
    context: dict[str, object] = {"alerts": now, "ended": ended}
    return render(request, "integrations/_alerts.html", context)


def _put_aside(request: WorkspaceRequest) -> HttpResponse:
    """Twice is once; what is over is forgotten with the next."""
    lasting = {alert.mark for alert in _open(request)}
    place = _PUT_ASIDE.format(request.workspace.pk)
    aside = {*request.session.get(place, []), request.POST.get("alert", "")}
    request.session[place] = sorted(aside & lasting)
    back = came_from(request)
    return redirect(
        back or "webhooks:home", *([] if back else [request.workspace.slug])
    )


def _open(request: WorkspaceRequest) -> list[Alert]:
    with inside(request.workspace.pk):
        return [
            Alert(
                mark=_mark(episode),
                channel=episode.channel,
                standing=_standing(episode),
                since=episode.opened_at,
                url=links.number(episode.channel, request.workspace),
            )
            for episode in episodes.list_open(request.workspace)
        ]


def _ended(request: WorkspaceRequest, shown: list[str]) -> list[Ended]:
    keys = [key for one in shown if (key := _key_in(one)) is not None]
    over = episodes.list_ended(request.workspace, keys=keys)
    now = timezone.now()
    return [
        Ended(
            channel=episode.channel,
            lasted=episodes.duration(episode, now=now),
            is_recovered=episode.is_recovered,
            url=links.number(episode.channel, request.workspace),
        )
        for episode in over
    ]


def shown_of(alerts: Sequence[Alert]) -> str:
    """What an open page tells of what it shows: a digest of all, and the first marks.

    All of them would make the address of each question longer than servers take.
    """
    if not alerts:
        return ""
    marks = [alert.mark for alert in alerts]
    digest = hashlib.sha256(",".join(marks).encode()).hexdigest()[:16]
    return ",".join([digest, *marks[:_MOST_SHOWN]])


def _mark(episode: Episode) -> str:
    return f"{episode.key.hex}-{episode.relapses}"


def _key_in(mark: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(hex=mark.partition("-")[0])
    except ValueError:
        return None


def _standing(episode: Episode) -> Standing:
    is_known = episode.state in SessionState.values
    return Standing(
        episode.state,
        SessionState(episode.state).label if is_known else episode.state,
        since=episode.opened_at,
        signal=episode.signal,
        problem=episode.problem if episode.problem in Problem.values else "",
        reason=episode.reason,
        provider=episode.channel.provider,
    )
