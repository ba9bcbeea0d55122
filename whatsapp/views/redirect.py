"""`/r/<slug>`: a visitor on the way to WhatsApp. Public; the click is recorded in passing.

Two visitors are ourselves, by a signed mark: the daily check, which counts for nothing, and
the test of a link, whose click is kept as one.
"""

import re
from datetime import datetime
from http import HTTPStatus

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts import addresses, limits
from accounts.http import client_ip
from accounts.scoping import workspace_transaction
from integrations.models import Channel
from whatsapp import link_marks, tokens
from whatsapp.link_marks import Mark, Purpose
from whatsapp.models import TrackedLink
from whatsapp.selectors import links as links_selector
from whatsapp.selectors.links import Address
from whatsapp.services import links

# Programs that fetch an address to show, index or check it. The generic word catches most; a
# brand of phones ends in it too. In-app browsers (FBAN, Instagram) are people, and so is whoever
# hides what they browse with.
_MACHINES = re.compile(
    r"(?<!cu)bots?(?![a-z])|^whatsapp/|facebookexternalhit|facebookcatalog|meta-external"
    r"|facebot|crawler|spider|slack-imgproxy|skypeuripreview|bingpreview|embedly"
    r"|iframely|vkshare|google-inspectiontool|googleother|google-safety|headlesschrome"
    r"|lighthouse|preview|pinterest/0|validator|snapchat ads|nuzzel|flipboardproxy"
    r"|mastodon|whatsapp-proxy|signal-desktop-preview|yahoo! slurp|ia_archiver"
    r"|mediapartners-google|apis-google|feedfetcher|google-read-aloud|^microsoft office"
    r"|^(curl|wget|python|aiohttp|httpx|go-http-client|okhttp|axios|node|java|libwww-perl"
    r"|guzzlehttp|apache-httpclient|ruby|php|postmanruntime|insomnia)\b",
    re.IGNORECASE,
)
_AHEAD_OF_TIME = re.compile(r"prefetch|prerender|preview", re.IGNORECASE)
_PURPOSE_HEADERS = ("Sec-Purpose", "Purpose", "X-Purpose", "X-Moz")


@login_not_required
@require_safe
def follow(request: HttpRequest, slug: str) -> HttpResponse:
    address = links_selector.find_address(slug)
    if address is None:
        return _farewell(request, HTTPStatus.NOT_FOUND)
    with workspace_transaction(address.workspace_id):
        return _go_on(request, address)


def _go_on(request: HttpRequest, address: Address) -> HttpResponse:
    link = links_selector.find_at(address)
    if link is None:  # deleted in this very moment
        return _farewell(request, HTTPStatus.NOT_FOUND)
    if link.is_paused or not link.channel.is_active:
        return _farewell(request, HTTPStatus.GONE)
    mark = link_marks.read(request.headers.get(link_marks.HEADER, ""), link_id=link.pk)
    if mark is not None:
        return _not_kept(_show_ourselves(request, link, mark))
    token = _recorded(request, link) if is_person(request) else None
    response = HttpResponseRedirect(links.whatsapp_url(link, token=token))
    return _not_kept(response)


def _show_ourselves(
    request: HttpRequest, link: TrackedLink, mark: Mark
) -> HttpResponseRedirect:
    """As a visitor is answered, with a token that no figure counts."""
    token: str | None = None
    if is_person(request) and mark.purpose == Purpose.CHECK:
        token = tokens.new_token()
    elif is_person(request) and mark.channel_id is not None:
        numbers = Channel.objects.for_workspace(link.workspace_id)
        link.channel = numbers.get(pk=mark.channel_id)
        token = _click(request, link, ip=None, now=timezone.now(), is_test=True)
    return HttpResponseRedirect(links.whatsapp_url(link, token=token))


def _recorded(request: HttpRequest, link: TrackedLink) -> str | None:
    """The click's token. Above the limit of an address there is none: the lead still gets
    to WhatsApp, and the link's page says how many went without."""
    now, ip = timezone.now(), client_ip(request)
    if not limits.hit("link_click", addresses.neighbourhood(ip), now=now).allowed:
        links.count_over_limit(link)
        return None
    return _click(request, link, ip=ip, now=now)


def _click(
    request: HttpRequest,
    link: TrackedLink,
    *,
    ip: str | None,
    now: datetime,
    is_test: bool = False,
) -> str:
    return links.record_click(
        link,
        query=request.GET.dict(),
        referrer=request.headers.get("Referer", ""),
        user_agent=request.headers.get("User-Agent", ""),
        ip=ip,
        now=now,
        is_test=is_test,
    )


def is_person(request: HttpRequest) -> bool:
    """Whether somebody opened the link, rather than a preview, a prefetcher or a robot."""
    if request.method != "GET":
        return False
    # A browser tells what it wants the address for: a picture or a frame is nobody's click.
    if request.headers.get("Sec-Fetch-Dest", "document") != "document":
        return False
    purposes = " ".join(request.headers.get(name, "") for name in _PURPOSE_HEADERS)
    if _AHEAD_OF_TIME.search(purposes):
        return False
    return not _MACHINES.search(request.headers.get("User-Agent", ""))


def _farewell(request: HttpRequest, status: HTTPStatus) -> HttpResponse:
    response = render(
        request,
        "whatsapp/link_unavailable.html",
        {"is_gone": status == HTTPStatus.GONE},
        status=status,
    )
    return _not_kept(response)


def _not_kept(response: HttpResponse) -> HttpResponse:
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response
