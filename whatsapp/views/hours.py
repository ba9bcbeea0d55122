"""When a number's team is there, and what is answered by itself: one page of the number."""

import uuid
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.forms import model_to_dict
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.dates import WEEKDAYS
from django.utils.formats import time_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.http import WorkspaceRequest, client_ip, requires
from accounts.permissions import Action
from accounts.scoping import inside
from integrations import links
from integrations.models import Channel
from integrations.selectors import number
from whatsapp import answering, hours
from whatsapp.answering import Facts, Rules
from whatsapp.forms.hours import HoursForm, MomentForm
from whatsapp.models import Responder
from whatsapp.services import responders

_SHOWN_DAYS = 5
_LOOKED_AT = 370  # days ahead, for the next few closed ones


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.CONNECT)
def channel_hours(request: WorkspaceRequest, key: uuid.UUID) -> HttpResponse:
    channel = _find(request, key)
    responder = responders.find(channel)
    form = HoursForm(
        request.POST if request.method == "POST" else None,
        responder=responder,
        language=request.workspace.language,
    )
    is_preview = "preview" in request.POST
    if form.is_bound and form.is_valid():
        if not is_preview:
            return _save(request, channel, form)
        for name, value in form.values.items():
            setattr(responder, name, value)
    context = {
        "channel": channel,
        "form": form,
        "is_preview": is_preview,
        "back_url": links.number(channel, request.workspace),
        **_preview(request, responder),
    }
    is_part = request.htmx and is_preview
    page = "_hours_preview.html" if is_part else "channel_hours.html"
    return render(request, f"whatsapp/{page}", context)


def _find(request: WorkspaceRequest, key: uuid.UUID) -> Channel:
    with inside(request.workspace.pk):
        channel = number.find(request.workspace, key)
    if channel is None:
        raise Http404
    return channel


def _save(request: WorkspaceRequest, channel: Channel, form: HoursForm) -> HttpResponse:
    changed = responders.change(
        channel, form.values, actor=request.user, ip=client_ip(request)
    )
    messages.success(request, _("Saved.") if changed else _("Nothing changed."))
    return redirect(
        "whatsapp:channel-hours",
        workspace_slug=request.workspace.slug,
        key=channel.key,
    )


def _preview(request: WorkspaceRequest, responder: Responder) -> dict[str, Any]:
    """What somebody reads who writes for the first time, now or at the moment asked for."""
    zone = ZoneInfo(request.workspace.time_zone)
    now = timezone.now()
    asked = MomentForm(request.POST if "at" in request.POST else None)
    at = asked.moment(zone, now=now)
    rules = Rules.of(model_to_dict(responder), zone=zone)
    what = answering.occasion(rules, Facts(written_at=at), now=at)
    standing = rules.hours.standing(at)
    return {
        "moment_form": MomentForm(initial={"at": at.replace(tzinfo=None)}),
        "at": at,
        "standing": standing,
        "has_hours": any(rules.hours.week),
        "what": what,
        "text": _text(request, rules, what, at=at) if what else "",
        "week": _week(rules, today=at),
        "closed_days": _closed_days(rules, since=at),
        "is_on": responder.answers_closed or responder.greets,
    }


def _text(request: WorkspaceRequest, rules: Rules, what: str, *, at: datetime) -> str:
    return answering.word(
        rules,
        what,
        language=request.workspace.language,
        otherwise=request.workspace.language,
        name=_("Ana"),
        business=request.workspace.name,
        now=at,
    )


def _week(rules: Rules, *, today: datetime) -> list[dict[str, Any]]:
    return [
        {
            "day": WEEKDAYS[day],
            "spans": [_span(begin, end) for begin, end in spans],
            "is_today": today.weekday() == day,
        }
        for day, spans in enumerate(rules.hours.week)
    ]


def _span(begin: int, end: int) -> str:
    told = _("%(begin)s to %(end)s")
    if end > hours.DAY:
        told = _("%(begin)s to %(end)s of the next day")
    return told % {"begin": _clock(begin), "end": _clock(end)}


def _clock(minutes: int) -> str:
    if minutes == hours.DAY:
        return _("midnight")
    return time_format(time(minutes // 60 % 24, minutes % 60))


def _closed_days(rules: Rules, *, since: datetime) -> list[tuple[date, str]]:
    """The next days on which it would else be open."""
    found: list[tuple[date, str]] = []
    for ahead in range(_LOOKED_AT):
        day = since.date() + timedelta(days=ahead)
        name = rules.hours.closed_on(day)
        if name is not None and rules.hours.week[day.weekday()]:
            found.append((day, "" if name == answering.UNNAMED else name))
        if len(found) == _SHOWN_DAYS:
            break
    return found
