"""Every sign-in of the installation, for the platform's admins; to others no such page exists."""

import logging
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_safe

from accounts import paging
from accounts.forms.sign_ins import SignInFilterForm
from accounts.http import download, platform_admin
from accounts.models import SignInEvent
from accounts.selectors import sign_ins
from accounts.sso import journal
from accounts.views import sessions
from accounts.views.sessions import Attempt

logger = logging.getLogger("accounts.signin")

_LIST = "accounts:platform-sign-ins"


@dataclass(frozen=True, slots=True)
class Row:
    event: SignInEvent
    told: Attempt


@require_safe
def sign_in_list(request: HttpRequest) -> HttpResponse:
    platform_admin(request)
    form = SignInFilterForm(request.GET)
    told = request.GET.get("before", "")
    before = paging.understood(told, is_keyed=False)
    asked = request.GET.copy()
    asked.pop("before", None)
    query = asked.urlencode()
    context = {
        "form": form,
        "query": query,
        "pager_query": f"{query}&" if query else "",
        "is_filtered": any(request.GET.get(name) for name in form.fields),
        "is_later_page": bool(before),
        "ignored": ("before",) if told and not before else (),
        "kept_days": journal.KEPT.days,
    }
    if form.is_valid():
        page = sign_ins.list_page(filters=form.filter, before=before)
        rows = [Row(event, sessions.attempt(event)) for event in page.rows]
        context |= {"page": page, "rows": rows}
    return render(request, "accounts/platform/sign_ins.html", context)


@require_GET
def sign_in_csv(request: HttpRequest) -> HttpResponse:
    """All pages of the filter in the address; a filter that cannot be leads to the list."""
    reader = platform_admin(request)
    form = SignInFilterForm(request.GET)
    if not form.is_valid():
        page = redirect(_LIST)
        page["Location"] += f"?{request.GET.urlencode()}"
        return page
    logger.info("sign-ins exported", extra={"user_id": reader.pk})
    day = timezone.localdate().isoformat()
    pieces = sign_ins.write_csv(filters=form.filter)
    return download(request, pieces, name=f"sign-ins-{day}.csv", kind="text/csv")
