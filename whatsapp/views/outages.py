"""One outage of a number: who wrote around it, and whom somebody should call.

Here and not beside the number's page, since only this room knows what was said.
"""

import uuid
from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_safe

from accounts import audit, spreadsheets
from accounts.http import WorkspaceRequest, client_ip, download, requires
from accounts.permissions import Action
from integrations.models import Episode
from integrations.selectors import episodes, number
from whatsapp import phones
from whatsapp.selectors import outages
from whatsapp.selectors.outages import Unheard, Writer
from whatsapp.selectors.people import Person


@require_safe
@requires(Action.READ)
def outage_detail(request: WorkspaceRequest, key: uuid.UUID) -> HttpResponse:
    episode, now = _find(request, key), timezone.now()
    unheard, writers = _people(request, episode, now=now)
    context = {
        "episode": episode,
        "channel": episode.channel,
        "lasted": episodes.duration(episode, now=now),
        "unheard": unheard,
        "writers": writers,
        "most": outages.MOST,
    }
    return render(request, "whatsapp/outage_detail.html", context)


@require_GET
@requires(Action.READ)
def outage_people_csv(request: WorkspaceRequest, key: uuid.UUID) -> HttpResponse:
    episode, now = _find(request, key), timezone.now()
    unheard, writers = _people(request, episode, now=now)
    audit.record(
        workspace=request.workspace,
        action="outage.exported",
        actor=request.user,
        target=str(episode.key),
        ip=client_ip(request),
        now=now,
    )
    day = timezone.localtime(episode.opened_at).date().isoformat()
    lines = list(_lines(unheard, writers, ZoneInfo(request.workspace.time_zone)))
    return download(request, iter(lines), name=f"outage-{day}.csv", kind="text/csv")


def _find(request: WorkspaceRequest, key: uuid.UUID) -> Episode:
    episode = number.find_episode(request.workspace, key)
    if episode is None:
        raise Http404
    return episode


def _people(
    request: WorkspaceRequest, episode: Episode, *, now: datetime
) -> tuple[list[Unheard], list[Writer]]:
    workspace_id, channel_id = request.workspace.pk, episode.channel_id
    begin, end = episode.opened_at, episode.closed_at or now
    return (
        outages.list_unheard(workspace_id, channel_id, opened_at=begin, closed_at=end),
        outages.list_writers(workspace_id, channel_id, opened_at=begin, closed_at=end),
    )


def _lines(
    unheard: list[Unheard], writers: list[Writer], zone: ZoneInfo
) -> Iterator[str]:
    sheet = spreadsheets.sheet()
    yield spreadsheets.BOM + sheet.line(
        [
            gettext("What to do"),
            gettext("Name"),
            gettext("Phone"),
            gettext("First sign (%(zone)s)") % {"zone": zone.key},
            gettext("Last sign (%(zone)s)") % {"zone": zone.key},
            gettext("Lead"),
        ]
    )
    rows: list[tuple[str, Unheard | Writer]] = [
        *((gettext("Call"), one) for one in unheard),
        *((gettext("Wrote"), one) for one in writers),
    ]
    for what, one in rows:
        yield sheet.line(
            [
                what,
                one.person.name,
                _reach(one.person),
                _written(one.first_at, zone),
                _written(one.last_at, zone),
                str(one.lead_key or ""),
            ]
        )


def _reach(person: Person) -> str:
    return phones.display(person.phone) if person.phone else person.alias


def _written(moment: datetime, zone: ZoneInfo) -> str:
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M:%S}"
