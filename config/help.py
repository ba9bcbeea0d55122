"""The guide at `/help/`: for whoever is signed in, in a workspace or not yet.

It is written in the person's language, and in the other one with `?language=`.
"""

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils.translation import get_language, override
from django.views.decorators.http import require_safe

from config import guide

_LONGEST = 100  # characters that are searched for


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """Every page, or those with what was searched for."""
    language, query = _language(request)
    text = request.GET.get("q", "").replace("\0", "").strip()[:_LONGEST]
    with override(language):
        context: dict[str, object] = {
            "pages": guide.list_pages(language, query=query),
            "text": text,
            "hits": guide.search(text, language, query=query) if text else (),
        }
        return _render(request, "help/index.html", context, language, query)


@require_safe
def guide_page(request: HttpRequest, page: str) -> HttpResponse:
    language, query = _language(request)
    if page not in guide.SLUGS:
        raise Http404
    with override(language):
        pages = guide.list_pages(language, query=query)
        place = guide.SLUGS.index(page)
        context = {
            "page": guide.get_page(page, language, query=query),
            "pages": pages,
            "previous": pages[place - 1] if place else None,
            "next": pages[place + 1] if place + 1 < len(pages) else None,
        }
        return _render(request, "help/page.html", context, language, query)


def _language(request: HttpRequest) -> tuple[str, str]:
    """That of the guide, and what links carry along when it was chosen here."""
    asked = request.GET.get("language", "")
    known = {code for code, _ in settings.LANGUAGES}
    if asked in known:
        return asked, f"?language={asked}"
    mine = get_language() or settings.LANGUAGE_CODE
    return (mine if mine in known else settings.LANGUAGE_CODE), ""


def _render(
    request: HttpRequest,
    template: str,
    context: dict[str, object],
    language: str,
    query: str,
) -> HttpResponse:
    others = [one for one in settings.LANGUAGES if one[0] != language]
    frame = {"query": query, "language": language, "other_languages": others}
    response = render(request, template, context | frame)
    response.headers["Content-Language"] = language
    return response


app_name = "help"
urlpatterns = [
    path("", index, name="index"),
    path("<slug:page>/", guide_page, name="page"),
]
